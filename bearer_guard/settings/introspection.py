"""How referential tokens are resolved (RFC 7662)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks

METHODS = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True)
class Introspection:
    """The introspection endpoint of an issuer and this API's credentials there.

    Authenticate with ``client_id`` and ``client_secret`` (``auth_method`` says how they
    travel), or with a ``token``: a bearer token, or a callable that returns the current one
    (it is called in a worker thread, before each call to the endpoint).

    Raises ``SettingsError`` when made with credentials missing or doubled.
    """

    endpoint: str | None = None
    """Its URL; ``None`` takes ``introspection_endpoint`` from the issuer's metadata."""
    client_id: str | None = field(default=None, kw_only=True)
    client_secret: str | None = field(default=None, kw_only=True, repr=False)
    auth_method: str = field(default="client_secret_basic", kw_only=True)
    """``client_secret_basic`` or ``client_secret_post`` (RFC 6749 section 2.3.1)."""
    token: str | Callable[[], str] | None = field(default=None, kw_only=True, repr=False)
    cache_for: float = field(default=60, kw_only=True)
    """Seconds that an ``active`` answer is kept, never past its ``exp`` (RFC 7662 section 4):
    for so long a revoked token may still be let in."""
    cache_inactive_for: float = field(default=10, kw_only=True)
    """Seconds that a refusal is kept, so that a dead token costs one call, not a hundred."""
    cached_answers: int = field(default=10_000, kw_only=True)
    """How many answers are kept."""
    grace_for: float = field(default=0, kw_only=True)
    """Seconds that an ``active`` answer may serve past its time, never past its ``exp``, while
    the endpoint is down. For so much longer a revoked token may be let in, hence 0: no grace."""
    concurrent_calls: int = field(default=64, kw_only=True)
    """How many calls are under way at once: more than two cores can make use of. Each may take a
    thread and a connection."""
    waiting_calls: int = field(default=256, kw_only=True)
    """How many more wait for their turn before requests are sent away (503): at 64 at once and
    a fifth of a second each, the last of them still has its answer within two seconds."""
    failures_to_suspend: int = field(default=5, kw_only=True)
    """After so many failed calls in a row the endpoint is left alone for a while, as long as
    ``UpstreamPolicy`` says in ``back_off``. Fewer would suspend it for a hiccup."""

    def __post_init__(self) -> None:
        if self.endpoint is not None:
            checks.url("endpoint", self.endpoint)
        self._check_credentials()
        checks.one_of("auth_method", self.auth_method, METHODS)
        checks.number("cache_for", self.cache_for, low=0, high=86_400)
        checks.number("cache_inactive_for", self.cache_inactive_for, low=0, high=86_400)
        checks.count("cached_answers", self.cached_answers, low=1, high=10_000_000)
        checks.number("grace_for", self.grace_for, low=0, high=86_400)
        checks.count("concurrent_calls", self.concurrent_calls, low=1, high=1024)
        checks.count("waiting_calls", self.waiting_calls, low=0, high=100_000)
        checks.count("failures_to_suspend", self.failures_to_suspend, low=1, high=1000)

    def _check_credentials(self) -> None:
        """RFC 7662 section 2.1: the endpoint asks its callers who they are."""
        if self.token is None:
            if self.client_id is None or self.client_secret is None:
                raise SettingsError(
                    "introspection needs this API's own credentials: write client_id and "
                    "client_secret, or token"
                )
            checks.secret("client_id", self.client_id)
            checks.secret("client_secret", self.client_secret)
        elif self.client_id is not None or self.client_secret is not None:
            raise SettingsError(
                "introspection has both token and client_id or client_secret: write one of them"
            )
        elif not callable(self.token):
            given = checks.secret("token", self.token)
            if not checks.BEARER_CREDENTIALS.fullmatch(given):
                raise SettingsError("token must hold no space and only ASCII characters")
