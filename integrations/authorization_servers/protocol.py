"""The client's side of OAuth: asks a running server for tokens as any client would."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from .profiles import (
    REDIRECT_URI,
    Ending,
    Field,
    Login,
    Profile,
    Recipe,
    secret_of,
)

LONGEST_WAIT_SECONDS = 15.0
_POLL_SECONDS = 0.05
_MOST_LOGIN_PAGES = 8
_JWT_PARTS = 3
_PERSON = {"login": "alice", "username": "alice", "password": "alice-local-secret"}


class TokenRequestError(RuntimeError):
    """The authorization server did not give the token that was asked for."""


def fetch_token(profile: Profile, base_url: str, recipe: Recipe) -> str:
    """A token made by the recipe, from the server at the base URL."""
    with httpx.Client(base_url=base_url, timeout=30, trust_env=False) as http:
        person_needed = recipe.field is not Field.ACCESS
        ask = _by_authorization_code if person_needed else _by_client_credentials
        response = ask(http, profile, recipe)
        token = response.get(recipe.field.value)
        if not isinstance(token, str):
            raise TokenRequestError(f"the token response holds no {recipe.field.value}")
        if recipe.ending is Ending.REVOKED:
            _revoke(http, profile, recipe, token)
    if recipe.ending is Ending.EXPIRED:
        _wait_until(_expiry_of(token, response))
    return token


def header_of(token: str) -> dict[str, object] | None:
    """The header of a JWT, unverified, or None when the token is no JWT."""
    return _part_of(token, 0)


def claims_of(token: str) -> dict[str, object] | None:
    """The claims of a JWT, unverified, or None when the token is no JWT."""
    return _part_of(token, 1)


def _part_of(token: str, index: int) -> dict[str, object] | None:
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        return None
    part: dict[str, object] = json.loads(_decode(parts[index]))
    return part


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _audience_and_scope(profile: Profile, recipe: Recipe) -> dict[str, str]:
    return {profile.audience_parameter: recipe.audience, "scope": recipe.scope}


def _post(http: httpx.Client, path: str, client_id: str, form: dict[str, str]) -> httpx.Response:
    credentials = httpx.BasicAuth(client_id, secret_of(client_id))
    response = http.post(path, data=form, auth=credentials)
    if response.status_code != httpx.codes.OK:
        raise TokenRequestError(f"{path} answered {response.status_code}: {response.text[:500]}")
    return response


def _ask(
    http: httpx.Client, profile: Profile, recipe: Recipe, form: dict[str, str]
) -> dict[str, object]:
    # The client id also stands in the body, because the mock server looks nowhere else.
    body = {**form, "client_id": recipe.client_id}
    response: dict[str, object] = _post(http, profile.token_path, recipe.client_id, body).json()
    return response


def _by_client_credentials(
    http: httpx.Client, profile: Profile, recipe: Recipe
) -> dict[str, object]:
    form = {"grant_type": "client_credentials", **_audience_and_scope(profile, recipe)}
    return _ask(http, profile, recipe, form)


def _by_authorization_code(
    http: httpx.Client, profile: Profile, recipe: Recipe
) -> dict[str, object]:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    question = {
        "response_type": "code",
        "client_id": recipe.client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": f"openid {recipe.scope}",
        profile.audience_parameter: recipe.audience,
        "state": secrets.token_urlsafe(16),
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    if profile.refresh_needs_offline_access:
        # Such a server gives a refresh token for this scope, and this scope only after consent.
        question |= {"scope": f"offline_access {question['scope']}", "prompt": "consent"}
    form = {
        "grant_type": "authorization_code",
        "code": _authorization_code(http, profile, question),
        "redirect_uri": REDIRECT_URI,
        "code_verifier": verifier,
        **_audience_and_scope(profile, recipe),
    }
    return _ask(http, profile, recipe, form)


def _authorization_code(http: httpx.Client, profile: Profile, question: dict[str, str]) -> str:
    page = http.get(profile.authorization_path, params=question)
    for _ in range(_MOST_LOGIN_PAGES):
        target = page.headers.get("location")
        if target is not None and target.startswith(REDIRECT_URI):
            return _code_in(target, question["state"])
        if target is not None:
            page = http.get(urljoin(str(page.url), target))
        elif profile.login is Login.FORMS and page.status_code == httpx.codes.OK:
            page = _submit_form(http, page)
        else:
            break
    raise TokenRequestError(f"{page.url.path} answered {page.status_code}: {page.text[:500]}")


def _code_in(target: str, state: str) -> str:
    answer = parse_qs(urlsplit(target).query)
    if answer.get("state") != [state]:
        raise TokenRequestError("the authorization response carries another state")
    if "code" not in answer:
        raise TokenRequestError(f"the authorization was refused: {answer.get('error')}")
    return answer["code"][0]


class _FormReader(HTMLParser):
    """Reads the first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the target of the form and the name and value of each input."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values.get("action", "")
        elif tag == "input" and values.get("name"):
            self.fields[values["name"]] = values.get("value", "")


def _submit_form(http: httpx.Client, page: httpx.Response) -> httpx.Response:
    form = _FormReader()
    form.feed(page.text)
    person = {name: value for name, value in _PERSON.items() if name in form.fields}
    return http.post(urljoin(str(page.url), form.action), data={**form.fields, **person})


def _revoke(http: httpx.Client, profile: Profile, recipe: Recipe, token: str) -> None:
    if profile.revocation_path is None:
        raise TokenRequestError(f"{profile.name} revokes nothing")
    _post(http, profile.revocation_path, recipe.client_id, {"token": token})


def _expiry_of(token: str, response: dict[str, object]) -> float:
    claims = claims_of(token) or {}
    expiry = claims.get("exp")
    if isinstance(expiry, (int, float)):
        return float(expiry)
    lifetime = response.get("expires_in")
    if isinstance(lifetime, (int, float)):
        return time.time() + float(lifetime)
    raise TokenRequestError("the server does not say when the token expires")


def _wait_until(expiry: float) -> None:
    # One more second, so that a reader of whole seconds sees the token as expired too.
    wanted = expiry + 1
    for _ in polls(LONGEST_WAIT_SECONDS):
        if time.time() >= wanted:
            return
    raise TokenRequestError("the token lives too long to wait for its end")


def polls(seconds: float) -> Iterator[None]:
    """Bounded polling: yields at once, then at short pauses until the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(_POLL_SECONDS)
