"""What may become of a request: six verdicts, each with its one exact answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """A whole answer. ``because`` is the operator's reason, looked at in process alone."""

    status: int
    title: str = ""
    detail: str = ""
    error: str | None = None
    scope: str | None = None
    metadata: str | None = None
    realm: str = "api"
    because: str | None = None
    sees: Mapping[str, Any] = field(default_factory=dict)
    """What the handler finds in the access token."""
    public: bool = False

    @property
    def reached(self) -> bool:
        return self.status == 200

    @property
    def challenges(self) -> list[str]:
        """RFC 6750 section 3: the exact WWW-Authenticate lines."""
        if self.status not in (400, 401, 403):
            return []
        parameters = {"realm": self.realm}
        if self.error:
            parameters |= {"error": self.error, "error_description": self.detail}
        if self.scope:
            parameters["scope"] = self.scope
        if self.metadata:
            parameters["resource_metadata"] = self.metadata
        return ["Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())]

    @property
    def body(self) -> bytes:
        problem: dict[str, object] = {
            "title": self.title, "status": self.status, "detail": self.detail
        }  # fmt: skip
        if self.error:
            problem["error"] = self.error
        return json.dumps(problem).encode()

    def but(self, **changes: Any) -> Verdict:
        return replace(self, **changes)


@dataclass(frozen=True)
class ServerRefuses:
    """The HTTP server itself may answer 4xx or hang up; if it lets the request pass, ``verdict``."""

    verdict: Verdict


LET_IN = Verdict(200)
PUBLIC = Verdict(200, public=True)
MISSING = Verdict(401, "Unauthorized", "An access token is needed.")
MALFORMED = Verdict(
    400, "Bad Request", "The credentials are malformed or sent twice.", "invalid_request"
)
INVALID = Verdict(401, "Unauthorized", "The access token is not valid.", "invalid_token")
EXPIRED = INVALID.but(detail="The access token expired.")
UNAVAILABLE = Verdict(
    503, "Service Unavailable", "The access token cannot be checked now. Try again."
)


def too_little(scope: str) -> Verdict:
    return Verdict(
        403, "Forbidden", "The access token grants too little.", "insufficient_scope", scope
    )


def sees(**members: Any) -> Verdict:
    return LET_IN.but(sees=members)
