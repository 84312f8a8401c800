"""What a stranger makes up is remembered nowhere: only what was verified is."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import pytest

from bearer_guard.errors import InvalidToken
from bearer_guard.settings import Issuer
from core.making import ABSENT, ISSUER, jwk, key_set, token
from core.stage import Stage

CACHED = type(functools.cache(lambda: None))


def caches() -> dict[str, int]:
    """Every function of ours that keeps its results, and how many it keeps."""
    return {
        f"{name}.{attribute}": value.cache_info().currsize
        for name, module in sys.modules.items()
        if name.startswith("bearer_guard.")
        for attribute, value in vars(module).items()
        # Not by its attributes: a proxy of Flask's has none outside of a request.
        if type(value) is CACHED
    }


MADE_UP: dict[str, Callable[[str], dict[str, Any]]] = {
    "client_id": lambda text: {"aud": ABSENT, "client_id": text},
    "azp": lambda text: {"aud": ABSENT, "client_id": ABSENT, "azp": f"a/{text}"},
    "another audience": lambda text: {"aud": text},
    "other audiences": lambda text: {"aud": [text]},
    "scope": lambda text: {"scope": text},
    "subject": lambda text: {"sub": text},
    "issuer": lambda text: {"iss": f"https://login.example.com/{text}"},
    "an issuer of the template": lambda text: {
        "iss": f"https://apps.example.com/{text}",
        "aud": ABSENT,
        "client_id": text,
    },
    "a signature alone": lambda _: {"aud": ABSENT, "client_id": "good"},
}


@pytest.mark.parametrize("made_up", MADE_UP)
@pytest.mark.parametrize("form", ["plain", "last_path_segment"])
def test_no_token_that_is_not_verified_is_remembered(made_up: str, form: str) -> None:
    """It may be long, and there may be any number of it; nobody has signed it."""
    stage = Stage(
        Issuer(ISSUER, clients_instead_of_audience=["good"], client_id_form=form),
        Issuer("https://apps.example.com/{application}", clients_instead_of_audience=["good"]),
    )
    stage.publish(key_set(jwk()))
    stage.verified(token(aud=ABSENT, client_id="good"))
    before = caches()
    for number in range(50):
        with pytest.raises(InvalidToken):
            stage.tell(token(number=1, **MADE_UP[made_up](f"{number}")))
    assert caches() == before
    assert any(name.startswith("bearer_guard._core.claims_rules") for name in before)
    assert len(stage.known_headers) == 1
