"""Where stories are told step by step: trust, a hand-turned clock, keys that the test lands."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard._core import story
from bearer_guard._core.key_set import KeySet
from bearer_guard._core.key_source import Fetched, KeySource
from bearer_guard._core.needs import Need, Verified
from bearer_guard._core.story import Story
from bearer_guard._core.trust import Trust
from bearer_guard.settings import GuardSettings, Introspection, Issuer
from bearer_guard.testing import HandClock
from core.making import AUDIENCE, ISSUER

INTROSPECTION = Introspection(
    "https://login.example.com/introspect", client_id="api", client_secret="secret"
)


class Stage:
    """What a guard would hold. Nobody meets a need here but the test."""

    def __init__(self, *issuers: Issuer, **options: Any) -> None:
        settings = GuardSettings(audience=AUDIENCE, issuers=issuers or (Issuer(ISSUER),), **options)
        self.trust = Trust(settings)
        self.clock = HandClock()
        self.known_headers: story.KnownHeaders = {}

    def source(self, issuer: str = ISSUER) -> KeySource:
        return self.trust.exact[issuer].source

    def publish(self, keys: KeySet, issuer: str = ISSUER) -> KeySet:
        """A fetch brings ``keys``: they are fresh for 600 s, and age after 480."""
        source = self.source(issuer)
        number = source.take_off()
        source.land(number, Fetched(keys, 600, None), self.clock.monotonic(), 0.8)
        return keys

    def tell(self, token: bytes) -> Verified | Story:
        return story.of_token(token, self.trust, self.clock, self.known_headers)

    def verified(self, token: bytes) -> Verified:
        """How it ends, where no need stands in between."""
        told = self.tell(token)
        assert isinstance(told, Verified)
        return told

    def begin(self, token: bytes) -> tuple[Story, Need]:
        """The story and its first need."""
        told = self.tell(token)
        assert not isinstance(told, Verified)
        return told, next(told)


def end(told: Story, answer: object) -> Verified:
    """How the story ends once it hears ``answer``."""
    with pytest.raises(StopIteration) as ending:
        told.send(answer)
    assert isinstance(ending.value.value, Verified)
    return ending.value.value
