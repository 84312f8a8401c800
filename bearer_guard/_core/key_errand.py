"""The errand that brings an issuer's keys from where its metadata says that they are."""

from __future__ import annotations

from bearer_guard._core import freshness
from bearer_guard._core.key_set import KeySet, read_key_set
from bearer_guard._core.key_source import Fetched
from bearer_guard._core.retry_after import failure_of
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
    # RFC 9110 section 15.4.5: it answers that question alone. Said to anybody, it would keep a
    # withdrawn key alive.
    if reply.status == 304 and "if-none-match" in headers:
        # RFC 9111 section 4.3.4: what this answer does not say, the one that it confirms said.
        fresh_for = freshness.said_fresh_for(reply.headers, policy)
        return Fetched(None, fresh_for, _etag(reply) or etag)
    return _read(reply, previous, policy)


def _read(reply: Reply, previous: KeySet | None, policy: KeySetPolicy) -> Fetched:
    if reply.status != 200:
        raise failure_of("key_set_unusable", reply)
    try:
        key_set = read_key_set(reply.body, previous)
    except ValueError:
        raise UpstreamFailure("key_set_unusable", problem="not a set of keys") from None
    if not key_set.keys and ((previous is not None and previous.keys) or not key_set.unfit):
        # Good keys are never replaced by none (a known incident in three libraries).
        raise UpstreamFailure("key_set_unusable", problem="no usable key")
    fresh_for = freshness.fresh_for(reply.headers, policy)
    return Fetched(key_set, fresh_for, _etag(reply))


def _etag(reply: Reply) -> str | None:
    """RFC 9110 section 8.8.3 allows octets that no client sends back alike: then none."""
    etag = reply.headers.get("etag", "")
    return etag if etag and etag.isascii() else None
