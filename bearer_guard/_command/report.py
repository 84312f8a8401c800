"""What is printed: a heading for each issuer, and rows of a name and a fact below it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from bearer_guard._command.calls import Made
from bearer_guard._core.key_report import KeyFacts
from bearer_guard._core.plain_text import in_a_line, one
from bearer_guard._core.reasons import ADVICE
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import BearerError
from bearer_guard.exchange import CallKind
from bearer_guard.health import IssuerHealth
from bearer_guard.settings import Introspection

Rows = Iterator[tuple[str, str]]
_WIDTH = 16
_NO_FACTS = ("advice", "issuer")
"""Which the report says elsewhere."""
_ORDER: Final[tuple[CallKind, ...]] = ("metadata", "key_set", "introspection")


class Wrong(NamedTuple):
    """What is wrong, and what to do about it."""

    facts: str
    advice: str

    @classmethod
    def of(cls, error: BearerError) -> Wrong:
        """By its reason and its details."""
        facts = {name: value for name, value in error.details.items() if name not in _NO_FACTS}
        advice = str(error.details.get("advice", ADVICE[error.reason]))
        return cls(error.reason + in_a_line(facts), advice)


def block(heading: str, rows: Iterable[tuple[str, str]]) -> str:
    """A heading and its rows; a row's name is not repeated."""
    lines, before = [heading], ""
    for name, fact in rows:
        lines.append(f"  {'' if name == before else name:<{_WIDTH}}{fact}".rstrip())
        before = name
    return "\n".join(lines) + "\n\n"


def of_issuer(
    health: IssuerHealth,
    keys: Iterable[KeyFacts],
    introspection: Introspection | None,
    calls: Iterable[Made],
    wrong: Wrong | None,
) -> str:
    """One issuer, and what failed there, if anything did."""
    rows = [
        *of_calls(calls),
        *_keys(health, keys),
        *_introspection(introspection),
        *_wrong(wrong),
    ]
    return block(f"{health.issuer}  {'ok' if wrong is None else 'NOT ok'}", rows)


def of_store(wrong: Wrong | None) -> str:
    """The store that workers share; nothing of its URL, which may hold a password."""
    return block(f"the shared store  {'ok' if wrong is None else 'NOT ok'}", _wrong(wrong))


def of_calls(calls: Iterable[Made]) -> Rows:
    """Where things were looked for, and what came of it."""
    for made in sorted(calls, key=lambda made: _ORDER.index(made.kind)):
        yield made.kind.replace("_", " "), f"{made.url}  {made.result}"


def _keys(health: IssuerHealth, keys: Iterable[KeyFacts]) -> Rows:
    if health.key_set is None:
        yield "keys", "a template: fetched when the first token of each of its issuers comes"
        return
    for key in keys:
        yield "keys", f"{key.type:<4}{key.size:<11}{' '.join(key.algorithms)}"
    if health.key_set.unfit:
        yield "not usable", f"{health.key_set.unfit} more: weak, not for signatures, or unknown"


def _introspection(settings: Introspection | None) -> Rows:
    if settings is not None:
        yield "asks as", "the bearer of a token" if settings.token else _plain(settings.client_id)


def _wrong(wrong: Wrong | None) -> Rows:
    if wrong is not None:
        yield "wrong", wrong.facts
        yield "what to do", wrong.advice


def of_good_token(token: AccessToken, calls: Iterable[Made]) -> str:
    """What the application would see."""
    rows = [
        *of_calls(calls),
        ("issuer", _plain(token.issuer)),
        ("subject", _plain(token.subject)),
        ("client", _plain(token.client_id)),
        ("audience", " ".join(map(_plain, token.audience))),
        ("scopes", " ".join(map(_plain, sorted(token.scopes)))),
    ]
    if token.expires_at is not None:
        rows.append(("expires in", f"{token.expires_at - time.time():.0f} s"))
    return block("the token  let in", rows)


def of_bad_token(error: BearerError, calls: Iterable[Made]) -> str:
    """Why it is not let in, for whoever operates the API; the client would not hear it."""
    rows = [*of_calls(calls), *_wrong(Wrong.of(error))]
    return block("the token  NOT let in", rows)


def _plain(text: str | None) -> str:
    """Without the quotes that show where it ends."""
    return "-" if text is None else one(text).strip("'\"")
