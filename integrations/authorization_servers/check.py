"""The self check: starts every server that can run here and fetches each kind once."""

from __future__ import annotations

import time

import httpx

from .install import InstallError
from .launch import (
    NAMES,
    AuthorizationServer,
    ServerStartError,
    availability,
    launch,
)
from .protocol import TokenRequestError, claims_of, header_of

_FAILURES = (InstallError, ServerStartError, TokenRequestError, httpx.HTTPError)


def check_all() -> bool:
    """Print one table and say whether everything went well."""
    results = [_check(name) for name in NAMES]
    return all(results)


def _check(name: str) -> bool:
    missing = availability(name)
    if missing is not None:
        print(f"{name:22} skipped: {missing}")
        return True
    began = time.monotonic()
    try:
        with launch(name) as server:
            print(f"{name:22} ready after {time.monotonic() - began:.1f} s, {server.issuer}")
            results = [_check_kind(server, kind) for kind in server.kinds()]
            return _rotates(server) and all(results)
    except _FAILURES as error:
        print(f"{name:22} FAILED: {error}")
        return False


def _check_kind(server: AuthorizationServer, kind: str) -> bool:
    try:
        print(f"  {kind:22} {_describe(server, server.token(kind))}")
    except _FAILURES as error:
        print(f"  {kind:22} FAILED: {error}")
        return False
    return True


def _describe(server: AuthorizationServer, token: str) -> str:
    header, claims = header_of(token), claims_of(token)
    if header is None or claims is None:
        return f"opaque, {len(token)} characters{_activity(server, token)}"
    has_key_id = "kid" if "kid" in header else "no kid"
    return (
        f"{header['alg']} {header.get('typ', 'no typ')} {has_key_id} "
        f"aud={claims.get('aud')} scope={claims.get('scope')}{_activity(server, token)}"
    )


def _activity(server: AuthorizationServer, token: str) -> str:
    door = server.introspection
    if door is None:
        return ""
    answer = httpx.post(
        door.endpoint,
        data={"token": token, "token_type_hint": "access_token"},
        auth=(door.client_id, door.client_secret),
        trust_env=False,
    )
    if answer.status_code != httpx.codes.OK:
        return f", introspection refuses with {answer.status_code}"
    return ", active" if answer.json()["active"] else ", inactive"


def _rotates(server: AuthorizationServer) -> bool:
    before = _key_ids(server)
    server.rotate_keys()
    changed = bool(_key_ids(server) - before)
    print(f"  {'rotate_keys':22} {'new keys published' if changed else 'FAILED: the same keys'}")
    return changed


def _key_ids(server: AuthorizationServer) -> set[str]:
    keys = httpx.get(server.jwks_uri, trust_env=False).raise_for_status().json()["keys"]
    return {key["kid"] for key in keys}
