"""Each wrong setting is refused when it is said, with a sentence that helps."""

from __future__ import annotations

import dataclasses
import re

import pytest

from bearer_guard import SettingsError
from settings.wrong import GOOD, WRONG, by_option

# What a message says besides what is wrong: what to write instead.
_ADVICE = re.compile(
    r"write |must be one of |must be a (whole )?number |must be true or false|set all three"
    r"|must be made like this|join the two|begin it with|stands only at the end|raise it or lower"
    r"|name (a part as|each part)|must hold no|is needed|needs either|must be a function"
    r"|must be a string that is not empty|is one whole segment|that issuer does not name"
    r"|must be smaller than \w+: lower it|must hold no"
)


OPTIONS = by_option(WRONG)


@pytest.mark.parametrize("option", OPTIONS)
def test_a_wrong_setting_is_answered_with_its_sentence(option: str) -> None:
    answered = {}
    for wrong in OPTIONS[option]:
        with pytest.raises(ValueError) as refused:
            wrong.make()
        assert type(refused.value) is SettingsError, wrong
        answered[str(wrong)] = str(refused.value)
    assert answered == {str(wrong): wrong.message for wrong in OPTIONS[option]}


@pytest.mark.parametrize("cls", GOOD, ids=lambda cls: cls.__name__)
def test_every_option_has_a_row(cls: type) -> None:
    said = {wrong.option for wrong in WRONG if wrong.cls is cls}
    assert said == {field.name for field in dataclasses.fields(cls)}


@pytest.mark.parametrize("cls", GOOD, ids=lambda cls: cls.__name__)
def test_what_the_rows_are_built_on_is_good(cls: type) -> None:
    assert cls(**GOOD[cls])


def test_every_sentence_names_the_option_and_says_what_to_write() -> None:
    spoken_of = {"introspection": "client_id", "opaque_issuer": "opaque_issuer"}
    for wrong in WRONG:
        named = wrong.option in wrong.message or spoken_of.get(wrong.option, "-") in wrong.message
        about_two = any(name in wrong.message for name in ("fresh_for", "a rule needs"))
        assert named or about_two, wrong
        assert _ADVICE.search(wrong.message), wrong


def test_no_sentence_holds_a_secret() -> None:
    for wrong in WRONG:
        assert "s3cret" not in wrong.message
        assert "t0ken" not in wrong.message
        assert "u:p@" not in wrong.message


def test_a_wrong_guard_is_refused_as_wrong_settings_are() -> None:
    from bearer_guard import Guard

    with pytest.raises(SettingsError, match=r"^audience is empty"):
        Guard(audience=[], issuers=[])
    with pytest.raises(TypeError, match="unexpected keyword argument 'verify'"):
        Guard(audience="a", issuers=[], verify=False)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional argument"):
        Guard("a", [])  # type: ignore[misc]
