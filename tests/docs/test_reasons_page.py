"""docs/reasons.md has every reason that the code can give, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest
from documents import ROOT, rows, sections

import bearer_guard
from bearer_guard import errors
from bearer_guard._core.challenge import Challenger
from bearer_guard._core.reasons import ADVICE

PAGE = ROOT / "docs" / "reasons.md"
PACKAGE = Path(bearer_guard.__file__).parent
STATUS = {
    "MissingToken": "401",
    "InvalidRequest": "400",
    "InvalidToken": "401",
    "UserRefused": "401",
    "InsufficientScope": "403",
    "AuthorizationServerUnavailable": "503",
    "UpstreamFailure": "503",
}


def constants(value: ast.expr, within: ast.AST) -> Iterator[str]:
    """The strings that an expression may be; a name is looked up where it is given a value."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from constants(value.body, within)
        yield from constants(value.orelse, within)
    elif isinstance(value, ast.Name):
        for node in ast.walk(within):
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == value.id for target in node.targets
            ):
                yield from constants(node.value, within)
    else:
        # A reason that is passed on was given elsewhere: ``failure.reason``.
        assert isinstance(value, ast.Attribute), ast.dump(value)
        assert value.attr == "reason", ast.dump(value)


def given_by_calls() -> Iterator[tuple[str, str]]:
    """Each reason in the code, and the status that comes of it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "testing" in path.parts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for within in [*functions, tree]:
            for call in filter(_gives_a_reason, ast.walk(within)):
                for reason in constants(call.args[0], within):
                    yield reason, STATUS[call.func.id]


def _gives_a_reason(node: ast.AST) -> TypeGuard[ast.Call]:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and bool(node.args)
    # What InsufficientScope is given are scopes.
    return is_call and node.func.id in STATUS and node.func.id != "InsufficientScope"


def given_by_classes() -> Iterator[tuple[str, str]]:
    """The errors that have one reason only bring it themselves."""
    yield errors.MissingToken().reason, STATUS["MissingToken"]
    yield errors.InsufficientScope(("a",)).reason, STATUS["InsufficientScope"]


def given_by_the_log() -> Iterator[tuple[str, str]]:
    """What concerns no request is a record, and no answer."""
    path = PACKAGE / "_running" / "log.py"
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        is_kind = isinstance(node, ast.Call) and ast.unparse(node.func) == "Kind"
        if is_kind and isinstance(node.args[2], ast.Constant):
            yield node.args[2].value, "none"


GIVEN = sorted({*given_by_calls(), *given_by_classes(), *given_by_the_log()})
DOCUMENTED = [
    cells
    for title, text in sections(PAGE).items()
    for cells in rows(text)
    if len(cells) == 4 and title
]


def test_the_page_has_each_reason_once_with_its_status() -> None:
    assert sorted((cells[0].strip("`"), cells[1]) for cells in DOCUMENTED) == GIVEN


def test_the_command_gives_the_pages_advice() -> None:
    """A new reason goes into ``_core/reasons.py`` as well, in the words of the page."""
    assert {cells[0].strip("`"): cells[3] for cells in DOCUMENTED} == ADVICE


def test_each_reason_has_a_meaning_and_says_what_to_do() -> None:
    assert [cells for cells in DOCUMENTED if not all(cells)] == []


@pytest.mark.parametrize(
    "error",
    [
        errors.MissingToken(),
        errors.InvalidRequest("a"),
        errors.InvalidToken("a"),
        errors.InsufficientScope(("a",)),
        errors.AuthorizationServerUnavailable("a"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_statuses_are_the_true_ones(error: errors.BearerError) -> None:
    refusal = Challenger("api", None).refusal(error)
    assert str(refusal.status) == STATUS[type(error).__name__]


def test_the_reader_of_the_code_finds_what_is_known_to_be_there() -> None:
    known = {"claim_missing", "key_unfit", "signature_invalid", "newcomers_exhausted", "expired"}
    assert known <= {reason for reason, _ in GIVEN}


def test_no_reason_in_the_readme_is_made_up() -> None:
    table = sections(ROOT / "README.md")["When things go wrong"]
    named = {
        word.strip("`, ")
        for cells in rows(table)
        for word in cells[2].split("`")[1::2]
        if word.strip()
    }
    assert named
    assert named <= {reason for reason, _ in GIVEN}
