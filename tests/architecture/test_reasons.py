"""A reason is one word for one thing.

``docs/reasons.md`` says what each means (tests/docs sees to that). Here: no word is said of a bad
token in one place and of broken infrastructure in another, and none is said in two files unless
it means the same in both.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from architecture.source import Module, modules

KINDS = {
    "MissingToken": "no credentials",
    "InvalidRequest": "unreadable credentials",
    "InvalidToken": "a bad token",
    "UserRefused": "nobody is known by the token",
    "InsufficientScope": "too little granted",
    "AuthorizationServerUnavailable": "broken infrastructure",
    "UpstreamFailure": "broken infrastructure",
}
SAID_IN_SEVERAL_FILES = {
    "claim_missing": "a claim that every token, or every token of the profile, must have",
    "claim_malformed": "a claim of the wrong type, whichever",
    "issuer_untrusted": "a name that no issuer of the settings has, in a token or in an answer",
    "upstream_timeout": "time is up: for one call, or for the request that waits for it",
    "path_is_public": "whoever asks for a token there, in whichever framework",
    "token_missing": "there is none in the request, nor anything that the guard has found out",
    "token_bound": "it needs a proof of possession: by cnf, or by the name of its kind",
    "type_unexpected": "typ is not what the issuer's profile demands, or names another kind",
}
"""And what it means in each of them."""


class Said(NamedTuple):
    """A reason, of what it is said, and where."""

    reason: str
    kind: str
    file: str


def strings(node: ast.expr, within: ast.AST) -> Iterator[str]:
    """What an expression may be: a constant, one of two, or a name given one of these."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from strings(node.body, within)
        yield from strings(node.orelse, within)
    elif isinstance(node, ast.Name):
        for given in ast.walk(within):
            if isinstance(given, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == node.id for target in given.targets
            ):
                yield from strings(given.value, within)


def said_in(module: Module) -> Iterator[Said]:
    nodes = ast.walk(module.tree)
    scopes = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for scope in scopes:
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                kind = KINDS.get(node.func.id)
                if kind is not None and node.func.id != "InsufficientScope":
                    for reason in strings(node.args[0], scope):
                        yield Said(reason, kind, module.file)


SAID = sorted(
    {said for module in modules() if module.floor != "testing" for said in said_in(module)}
)
REASONS = sorted({said.reason for said in SAID})


def test_the_reasons_are_found() -> None:
    assert len(REASONS) > 30
    assert {"expired", "signature_invalid", "claim_missing", "upstream_broken"} <= set(REASONS)


def test_a_reason_is_said_of_one_kind_of_trouble() -> None:
    kinds = {reason: {said.kind for said in SAID if said.reason == reason} for reason in REASONS}
    assert {reason: found for reason, found in kinds.items() if len(found) > 1} == {}


def test_a_reason_is_said_in_one_file_or_means_the_same_in_all() -> None:
    several = {
        reason
        for reason in REASONS
        if len({said.file for said in SAID if said.reason == reason}) > 1
    }
    assert several <= set(SAID_IN_SEVERAL_FILES), several


def test_a_reason_is_a_word_for_machines() -> None:
    assert [reason for reason in REASONS if not re.fullmatch(r"[a-z]+(_[a-z]+)*", reason)] == []
