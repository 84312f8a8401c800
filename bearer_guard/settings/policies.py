"""The numbers that govern an issuer's key set and the calls to its servers."""

from __future__ import annotations

from dataclasses import dataclass

from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks

_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySetPolicy:
    """How long an issuer's keys are used, and how often they may be asked for. In seconds."""

    fresh_for: float = 600
    """How long keys are fresh when the answer does not say (no Cache-Control, no Expires)."""
    fresh_at_least: float = 60
    """The floor under what an answer says: ``no-store`` too is kept this long in memory, since
    a fetch for each request would be worse for everyone (deviation from RFC 9111 §5.2.2.5)."""
    fresh_at_most: float = _DAY
    """The ceiling over what an answer says: a key that is withdrawn dies within it."""
    refresh_at: float = 0.8
    """The share of the fresh time after which one refresh starts in the background."""
    jitter: float = 0.05
    """The share by which that moment varies, so that a fleet does not ask in one breath."""
    usable_stale_for: float = 3600
    """How long past fresh the keys still serve when the issuer cannot be reached."""
    forced_fetches: int = 2
    """How many fetches for unknown key ids one window allows, whatever comes of them."""
    forced_fetch_window: float = 30
    """The length of that window."""
    unknown_kid_memory: float = 60
    """How long a key id that a fetch did not bring is refused without asking again."""
    unknown_kids: int = 128
    """How many such key ids are remembered."""
    failed_newcomers: int = 100
    """For an issuer template: how many identifiers without keys may be looked up in one
    ``forced_fetch_window``, so that made-up ones cost the issuer no more than that."""

    def __post_init__(self) -> None:
        checks.number("fresh_at_least", self.fresh_at_least, low=0, high=_DAY)
        checks.number("fresh_at_most", self.fresh_at_most, low=0.001, high=30 * _DAY)
        checks.number("fresh_for", self.fresh_for, low=0.001, high=30 * _DAY)
        if not self.fresh_at_least <= self.fresh_for <= self.fresh_at_most:
            raise SettingsError(
                "fresh_for must lie between fresh_at_least and fresh_at_most "
                f"({self.fresh_at_least:g} and {self.fresh_at_most:g} seconds): set all three"
            )
        checks.number("refresh_at", self.refresh_at, low=0.1, high=1, unit="shares of fresh_for")
        checks.number("jitter", self.jitter, low=0, high=0.5, unit="shares of fresh_for")
        if self.jitter >= self.refresh_at:
            raise SettingsError("jitter must be smaller than refresh_at: lower it")
        checks.number("usable_stale_for", self.usable_stale_for, low=0, high=7 * _DAY)
        checks.count("forced_fetches", self.forced_fetches, low=0, high=1000)
        checks.number("forced_fetch_window", self.forced_fetch_window, low=0.001, high=_DAY)
        checks.number("unknown_kid_memory", self.unknown_kid_memory, low=0, high=_DAY)
        checks.count("unknown_kids", self.unknown_kids, low=0, high=100_000)
        checks.count("failed_newcomers", self.failed_newcomers, low=1, high=100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamPolicy:
    """The bounds of every call to an authorization server."""

    connect_timeout: float = 2
    """Seconds for a connection to be made."""
    timeout: float = 5
    """Seconds in all: however many calls and retries it takes, the client is answered by then."""
    max_answer: int = 1_048_576
    """Bytes of an answer, after decompression; a longer one is refused unread."""
    retries: int = 1
    """How often a call is repeated after a connect error, a 502, a 503 or a 504."""
    back_off: float = 1
    """Seconds of silence after a failed key-set fetch, or once introspection is suspended;
    doubling with each further failure."""
    back_off_at_most: float = 30
    """Seconds at which the doubling ends, and the most that a server's Retry-After is worth."""

    def __post_init__(self) -> None:
        checks.number("connect_timeout", self.connect_timeout, low=0.001, high=60)
        checks.number("timeout", self.timeout, low=0.001, high=60)
        checks.count("max_answer", self.max_answer, low=1024, high=64 * 1_048_576)
        checks.count("retries", self.retries, low=0, high=5)
        checks.number("back_off", self.back_off, low=0, high=3600)
        checks.number("back_off_at_most", self.back_off_at_most, low=0, high=3600)
        if self.back_off_at_most < self.back_off:
            raise SettingsError(
                "back_off_at_most must not be shorter than back_off: raise it or lower back_off"
            )

    def wait_after(self, failures: int, asked: float | None) -> float:
        """Seconds until the next try after so many failures in a row, of which the last
        ``asked`` for some (RFC 9110 section 10.2.3)."""
        wait = self.back_off * 2.0 ** min(failures - 1, 30)
        return min(max(wait, asked or 0), self.back_off_at_most)
