"""Token introspection, as a protected resource does it (RFC 7662)."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode

from bearer_guard._core import strict_json
from bearer_guard._core.retry_after import failure_of
from bearer_guard.errors import InvalidToken
from bearer_guard.exchange import Call, Errand, Reply, UpstreamFailure
from bearer_guard.settings.introspection import Introspection

_CHARSET = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}


class Answer(NamedTuple):
    """What the authorization server says of a token that is active."""

    claims: dict[str, Any]
    payload: str
    """The claims' own text."""


def introspect(endpoint: str, token: bytes, settings: Introspection, bearer: str) -> Errand[Answer]:
    """Ask what ``token`` is. Section 2.1: POST, a form, and the caller's own credentials.

    ``bearer`` is the caller's bearer token where the settings say so, else empty. Raises
    ``InvalidToken`` when the token is not active, ``UpstreamFailure`` when that was not said.
    """
    form = {"token": token.decode("ascii"), "token_type_hint": "access_token"}
    headers = dict(_CHARSET)
    if settings.token is not None:
        headers["authorization"] = f"Bearer {bearer}"
    elif settings.auth_method == "client_secret_basic":
        headers["authorization"] = _basic(settings)
    else:
        form["client_id"] = settings.client_id or ""
        form["client_secret"] = settings.client_secret or ""
    body = urlencode(form).encode("ascii")
    reply = yield Call("POST", endpoint, headers, body, "introspection")
    return read_answer(reply)


def _basic(settings: Introspection) -> str:
    """RFC 6749 section 2.3.1: both parts are form-urlencoded before they are joined."""
    user = quote_plus(settings.client_id or "")
    password = quote_plus(settings.client_secret or "")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("ascii")).decode("ascii")


def read_answer(reply: Reply) -> Answer:
    """Section 2.2, and 2.3 for errors. Only the JSON value ``true`` is active."""
    if reply.status != 200:
        raise _error(reply)
    if not _is_json(reply.headers.get("content-type", "application/json")):
        # Section 2.2: application/json. RFC 9701 answers, web pages and phantom tokens are not.
        raise UpstreamFailure("introspection_unusable", problem="not application/json")
    try:
        members, text = strict_json.read_object(reply.body)
    except ValueError:
        raise UpstreamFailure("introspection_unusable", problem="not one JSON object") from None
    if members.get("active") is not True:
        raise InvalidToken("token_inactive")
    # null says that there is none; some servers write every member that they know.
    return Answer({name: value for name, value in members.items() if value is not None}, text)


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type in ("application/json", "text/json") or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _error(reply: Reply) -> Exception:
    """Section 2.3: an error speaks of the caller, hence of us, save one that RFC 7009
    section 2.2.1 defined and servers return here for tokens of a kind they do not introspect."""
    if reply.status in (401, 403):
        return UpstreamFailure(
            "introspection_credentials_refused",
            status=reply.status,
            advice="the endpoint refuses this API's own credentials: check Introspection(...)",
        )
    if reply.status == 400 and _error_code(reply.body) == "unsupported_token_type":
        return InvalidToken("token_inactive", answer="unsupported_token_type")
    return failure_of("introspection_unusable", reply)


def may_be_of_the_token(failure: UpstreamFailure) -> bool:
    """Whether an endpoint may have answered so to one odd token. Anybody can bring such a token,
    so a status like 400 or 414 says nothing of the endpoint: neither that it is well nor not.

    401 and 403 have a reason of their own; 408 and 429 (RFC 6585 section 4) say that it is busy.
    """
    status = failure.details.get("status")
    return (
        failure.reason == "introspection_unusable"
        and isinstance(status, int)
        and 400 <= status < 500
        and status not in (408, 429)
    )


def _error_code(body: bytes) -> object:
    try:
        members, _ = strict_json.read_object(body)
    except ValueError:
        return None
    return members.get("error")
