"""Where an issuer's keys are: RFC 8414 metadata and OpenID Connect Discovery 1.0."""

from __future__ import annotations

import ipaddress
import socket
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from bearer_guard._core import freshness, strict_json
from bearer_guard._core.retry_after import failure_of
from bearer_guard.exchange import Call, Errand, Reply, UpstreamFailure
from bearer_guard.settings import checks
from bearer_guard.settings.policies import KeySetPolicy

_ACCEPT = {"accept": "application/json"}


Needed = Literal["jwks_uri", "introspection_endpoint"]
"""Both are optional (RFC 8414 section 2), and each has its own use."""


class Metadata(NamedTuple):
    """What counts of an issuer's metadata."""

    jwks_uri: str | None
    introspection_endpoint: str | None
    """``None`` for either that is not there, or is nothing that may be asked."""
    fresh_for: float


def addresses(issuer: str) -> tuple[str, ...]:
    """The two places: OpenID Connect Discovery section 4.1 appends its well-known path to the
    issuer, RFC 8414 section 3.1 inserts its own between host and path."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    origin = f"{parts.scheme}://{parts.netloc}"
    return (
        f"{origin}{path}/.well-known/openid-configuration",
        f"{origin}/.well-known/oauth-authorization-server{path}",
    )


def discover(
    issuer: str, metadata_uri: str | None, policy: KeySetPolicy, needed: Needed = "jwks_uri"
) -> Errand[Metadata]:
    """Ask for metadata that names ``needed``. Raises ``UpstreamFailure`` when no place has any.

    A place that has none, or another issuer's, is passed over: issuers publish at one place
    or the other, and single-page applications answer 200 everywhere.
    """
    failure: UpstreamFailure | None = None
    for address in (metadata_uri,) if metadata_uri else addresses(issuer):
        try:
            reply = yield Call("GET", address, _ACCEPT, kind="metadata")
            return _with(needed, read_metadata(reply, issuer, policy))
        except UpstreamFailure as unusable:
            if unusable.retry_after is not None or not _is_an_answer(unusable):
                # The other place is on the same server.
                raise
            # That there is nothing at one place says nothing of trouble at the other.
            if failure is None or unusable.details.get("status") not in (404, 410):
                failure = unusable
    raise failure or UpstreamFailure("metadata_unusable")


def _is_an_answer(failure: UpstreamFailure) -> bool:
    """Whether the server did answer, if only by a broken or an endless page."""
    if not failure.reason.startswith("upstream_"):
        return True
    error = failure.details.get("error")
    if failure.reason == "upstream_broken":
        return error in (None, "ReadError", "WriteError")
    return failure.reason == "upstream_answer_too_large" or error == "RemoteProtocolError"


def _with(needed: Needed, found: Metadata) -> Metadata:
    if getattr(found, needed) is None:
        raise UpstreamFailure("metadata_unusable", member=needed)
    return found


def read_metadata(reply: Reply, issuer: str, policy: KeySetPolicy) -> Metadata:
    """Raises ``UpstreamFailure`` unless the answer is this issuer's metadata, whole."""
    if reply.status != 200:
        raise failure_of("metadata_unusable", reply)
    try:
        document, _ = strict_json.read_object(reply.body)
    except ValueError:
        raise UpstreamFailure("metadata_unusable", problem="not one JSON object") from None
    if document.get("issuer") != issuer:
        # RFC 8414 section 3.3: identical, or the document MUST NOT be used.
        raise UpstreamFailure(
            "metadata_issuer_mismatch", expected=issuer, named=document.get("issuer")
        )
    return Metadata(
        _endpoint(document.get("jwks_uri"), issuer),
        _endpoint(document.get("introspection_endpoint"), issuer),
        freshness.fresh_for(reply.headers, policy),
    )


def _endpoint(address: object, issuer: str) -> str | None:
    parts = checks.split_url(address) if isinstance(address, str) else None
    if parts is None or "#" in str(address) or not checks.may_be_asked(parts):
        return None
    return None if _points_inside(parts, urlsplit(issuer)) else str(address)


def _points_inside(address: SplitResult, issuer: SplitResult) -> bool:
    """A document fetched from outside must not send us to this machine or its network."""
    host = address.hostname or ""
    if host == issuer.hostname or checks.is_loopback(issuer.hostname):
        return False
    try:
        return not ipaddress.ip_address(_plain_address(host)).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _plain_address(host: str) -> str:
    """Resolvers take ``127.1`` and ``2130706433`` for IPv4 addresses."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return host
