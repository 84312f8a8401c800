"""What the parts of one authorization server share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bearer_guard.testing.addresses import Addresses
from bearer_guard.testing.claims import Grant, access_token_claims
from bearer_guard.testing.conduct import Conduct
from bearer_guard.testing.keys import SigningKeys
from bearer_guard.testing.ledger import Ledger
from bearer_guard.testing.record import Record


@dataclass
class State:
    """The server's settings and its memory, under one lock."""

    clock: Callable[[], float]
    audience: str
    algorithms: Sequence[str]
    client_id: str
    client_secret: str
    introspection_token: str
    place: Addresses | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Make the parts that remember."""
        condition = threading.Condition(self.lock)
        self.record = Record(condition)
        self.conduct = Conduct(condition)
        self.ledger = Ledger(self.lock)
        self.keys: dict[str | None, SigningKeys] = {}

    @property
    def secrets(self) -> dict[str, str]:
        """The secret of each client."""
        return {"demo": "demo", self.client_id: self.client_secret}

    @property
    def addresses(self) -> Addresses:
        """Where the server is; before it has a place, a ``RuntimeError``."""
        if self.place is None:
            raise RuntimeError("start() the server first, or give it an issuer: it has no URL yet")
        return self.place

    def keys_of(self, application: str | None) -> SigningKeys:
        """Return the keys of *application*; naming an application is what makes it exist."""
        with self.lock:
            name = self.addresses.application(application)
            if name not in self.keys:
                self.keys[name] = SigningKeys(self.lock, self.algorithms)
            return self.keys[name]

    def exists(self, application: str | None) -> bool:
        """Say whether there is such an application; a plain issuer is always there."""
        with self.lock:
            return application is None or application in self.keys

    def claims(self, grant: Grant) -> dict[str, object]:
        """Return the access token claims for *grant*, by the server's clock."""
        return access_token_claims(
            grant,
            issuer=self.addresses.issuer_of(grant.get("application")),
            audience=self.audience,
            now=self.clock(),
        )
