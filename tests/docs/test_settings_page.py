"""docs/settings.md and the README's numbers say what the classes say."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from typing import Any

import pytest
from documents import README, ROOT, rows, sections

from bearer_guard import (
    Guard,
    Introspection,
    Issuer,
    KeySetPolicy,
    Rule,
    SettingsError,
    Shared,
    UpstreamPolicy,
)
from bearer_guard.settings.issuer import ALGORITHMS

PAGE = ROOT / "docs" / "settings.md"
CLASSES = (Guard, Issuer, Introspection, KeySetPolicy, UpstreamPolicy, Rule, Shared)
NEEDED: dict[type, dict[str, Any]] = {
    Guard: {"audience": "a", "issuers": [Issuer("https://login.example.com/")]},
    Issuer: {"issuer": "https://login.example.com/"},
    Introspection: {"client_id": "a", "client_secret": "b"},
    Rule: {"path": "/a", "scopes": ["a"]},
    Shared: {"store": "redis://localhost", "secret": "32 characters that nobody guesses"},
}
# Defaults that are not written as a literal.
WRITTEN = {
    ("Issuer", "algorithms"): "all asymmetric ones",
    ("Issuer", "key_set"): "`KeySetPolicy()`",
    ("Issuer", "upstream"): "`UpstreamPolicy()`",
}


def options(cls: type) -> dict[str, Any]:
    """Every option of a class and its default; ``required`` where it has none."""
    if cls is Guard:
        return {
            name: "required" if parameter.default is parameter.empty else parameter.default
            for name, parameter in inspect.signature(Guard).parameters.items()
        }
    found: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        if field.default is not dataclasses.MISSING:
            found[field.name] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            found[field.name] = field.default_factory()
        else:
            found[field.name] = "required"
    return found


def documented(cls: type) -> dict[str, list[str]]:
    table = rows(sections(PAGE)[cls.__name__])
    return {cells[0].strip("`"): cells for cells in table}


@pytest.mark.parametrize("cls", CLASSES)
def test_the_page_has_every_option_in_order(cls: type) -> None:
    assert list(documented(cls)) == list(options(cls))


@pytest.mark.parametrize("cls", CLASSES)
def test_every_option_has_a_meaning_and_a_unit(cls: type) -> None:
    for cells in documented(cls).values():
        assert len(cells) == 5, cells
        assert cells[1], cells
        assert cells[2], cells


@pytest.mark.parametrize("cls", CLASSES)
def test_the_defaults_are_the_true_ones(cls: type) -> None:
    for name, default in options(cls).items():
        said = documented(cls)[name][3]
        written = WRITTEN.get((cls.__name__, name))
        if written is not None:
            assert said == written
        elif default == "required":
            assert said == "required"
        else:
            assert ast.literal_eval(said.strip("`")) == default, name


def test_the_algorithms_are_all_named() -> None:
    assert options(Issuer)["algorithms"] == ALGORITHMS
    for algorithm in ALGORITHMS:
        assert algorithm in sections(PAGE)["Issuer"]


def bounded() -> list[tuple[type, str, str, str]]:
    found = []
    for cls in CLASSES:
        for name, cells in documented(cls).items():
            if match := re.fullmatch(r"([0-9.]+) … ([0-9.]+)", cells[4]):
                found.append((cls, name, match[1], match[2]))
    return found


@pytest.mark.parametrize(("cls", "name", "low", "high"), bounded())
def test_the_bounds_are_the_true_ones(cls: type, name: str, low: str, high: str) -> None:
    beyond = int(float(high)) * 2 + 2
    with pytest.raises(SettingsError, match=f"{name} must be a") as refused:
        cls(**{**NEEDED.get(cls, {}), name: beyond})
    said = re.search(r"from (\S+) to (\S+)", str(refused.value))
    assert said is not None
    assert (float(said[1]), float(said[2])) == (float(low), float(high))


def test_every_number_has_bounds_on_the_page() -> None:
    numbers = [
        (cls, name)
        for cls in CLASSES
        for name, default in options(cls).items()
        if isinstance(default, int | float) and not isinstance(default, bool)
    ]
    assert numbers == [(cls, name) for cls, name, _, _ in bounded()]


def in_the_readme() -> list[tuple[str, str, str]]:
    """Class, option and value of each row of the README's numbers."""
    found = []
    for cells in rows(sections(README)["Numbers"]):
        match = re.fullmatch(r"`(\w+)\((\w+)=([0-9.]+)\)`", cells[2])
        assert match is not None, cells
        found.append((match[1], match[2], match[3]))
    return found


@pytest.mark.parametrize(("name", "option", "value"), in_the_readme())
def test_a_number_of_the_readme_is_the_default(name: str, option: str, value: str) -> None:
    cls = next(cls for cls in CLASSES if cls.__name__ == name)
    assert options(cls)[option] == float(value)


def test_the_readme_has_every_number() -> None:
    numbers = {(cls.__name__, name) for cls, name, _, _ in bounded()}
    assert {(name, option) for name, option, _ in in_the_readme()} == numbers
