"""The errand that brings an issuer's keys: metadata where needed, then the key set."""

from __future__ import annotations

from bearer_guard._core import freshness, metadata
from bearer_guard._core.key_set import KeySet, read_key_set
from bearer_guard._core.key_source import Fetched
from bearer_guard._core.metadata import Metadata
from bearer_guard.exchange import Call, Errand, Reply, UpstreamFailure
from bearer_guard.settings.policies import KeySetPolicy

_ACCEPT = "application/jwk-set+json, application/json"


def fetch_keys(
    jwks_uri: str, previous: KeySet | None, etag: str | None, policy: KeySetPolicy
) -> Errand[Fetched]:
    """Ask for the key set, by its validator where there is one (RFC 9111 section 4.3.1)."""
    headers = {"accept": _ACCEPT}
    if etag is not None and previous is not None:
        headers["if-none-match"] = etag
    reply = yield Call("GET", jwks_uri, headers, kind="key_set")
    if reply.status == 304 and previous is not None:
        fresh_for = freshness.fresh_for(reply.headers, policy)
        return Fetched(None, fresh_for, _etag(reply) or etag, None)
    return _read(reply, previous, policy)


def _read(reply: Reply, previous: KeySet | None, policy: KeySetPolicy) -> Fetched:
    if reply.status != 200:
        raise UpstreamFailure("key_set_unusable", status=reply.status)
    try:
        key_set = read_key_set(reply.body, previous)
    except ValueError:
        raise UpstreamFailure("key_set_unusable", problem="not a set of keys") from None
    if not key_set.keys and ((previous is not None and previous.keys) or not key_set.unfit):
        # Good keys are never replaced by none (a known incident in three libraries).
        raise UpstreamFailure("key_set_unusable", problem="no usable key")
    fresh_for = freshness.fresh_for(reply.headers, policy)
    return Fetched(key_set, fresh_for, _etag(reply), None)


def _etag(reply: Reply) -> str | None:
    """RFC 9110 section 8.8.3 allows octets that no client sends back alike: then none."""
    etag = reply.headers.get("etag", "")
    return etag if etag and etag.isascii() else None


def discover_and_fetch_keys(
    issuer: str,
    metadata_uri: str | None,
    known: Metadata | None,
    known_is_fresh: bool,
    previous: KeySet | None,
    etag: str | None,
    policy: KeySetPolicy,
) -> Errand[Fetched]:
    """The same for an issuer whose settings do not say where its keys are.

    Metadata that is known and past its time still leads to the keys when the issuer's
    metadata cannot be had: the keys themselves may be had all the same.
    """
    found = known
    if known is None or not known_is_fresh:
        try:
            found = yield from metadata.discover(issuer, metadata_uri, policy)
        except UpstreamFailure:
            if known is None:
                raise
    assert found is not None
    assert found.jwks_uri is not None, "or else it was not what was needed"
    moved = known is not None and known.jwks_uri != found.jwks_uri
    fetched = yield from fetch_keys(found.jwks_uri, previous, None if moved else etag, policy)
    return fetched._replace(metadata=found)
