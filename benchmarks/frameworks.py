"""Frameworks: requests per second of a guarded application, of the bare one's, and of today's ways.

Compared: one small API in each framework, bare, guarded as our documents say, and guarded by what
people use there today; each in a process of its own, loaded in turn by ``load.py`` with the same
requests. ASGI is served by uvicorn (httptools, uvloop), WSGI by one gunicorn worker with one
thread and connections kept. *Warm*: the same token each time. *Every token new*: 2,000 tokens in
turn, at a guard that remembers 500. The rivals are shown warm, each at its best: keys at hand,
introspection answers kept. *The least* takes any token for good, at the same place
(``least.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import material, serving
from benchmarks.framework_apps import auth0_issuer
from benchmarks.load import HOST
from benchmarks.row import Options, Row, missing

if TYPE_CHECKING:
    from bearer_guard.testing import AuthorizationServer

_TOKENS = 4 * serving.REMEMBERED
_GTHREAD = ("--worker-class", "gthread", "--threads", "1", "--keep-alive", "60")


class _Rival(NamedTuple):
    title: str
    app: str
    packages: tuple[str, ...]


class _Framework(NamedTuple):
    title: str
    app: str
    packages: tuple[str, ...]
    warm: float | None
    new: float | None
    rivals: tuple[_Rival, ...]
    is_asgi: bool = False
    has_least: bool = True


_FRAMEWORKS = (
    _Framework(
        "Starlette",
        "starlette",
        ("uvicorn", "httptools", "uvloop"),
        None,
        None,
        (_Rival("fastmcp's verifier", "starlette_with_fastmcp", ("fastmcp", "mcp")),),
        is_asgi=True,
        has_least=False,
    ),
    _Framework(
        "FastAPI",
        "fastapi",
        ("uvicorn", "httptools", "uvloop", "fastapi"),
        0.95,
        0.62,
        (
            _Rival("auth0-fastapi-api", "fastapi_with_auth0", ("fastapi_plugin",)),
            _Rival("PyJWKClient + decode by hand", "fastapi_by_hand", ()),
        ),
        is_asgi=True,
    ),
    _Framework(
        "Flask",
        "flask",
        ("gunicorn", "flask"),
        0.95,
        0.72,
        (_Rival("Authlib", "flask_with_authlib", ("authlib", "joserfc")),),
    ),
    _Framework(
        "Django REST framework",
        "rest_framework",
        ("gunicorn", "django", "rest_framework"),
        0.95,
        0.75,
        (
            _Rival("simplejwt", "rest_framework_with_simplejwt", ("rest_framework_simplejwt",)),
            _Rival(
                "django-oauth-toolkit", "rest_framework_with_oauth_toolkit", ("oauth2_provider",)
            ),
        ),
    ),
)


def measure(options: Options) -> list[Row]:
    """Each framework in turn."""
    rows = []
    for framework in _FRAMEWORKS:
        absent = missing(framework.title, *framework.packages)
        rows += [absent] if absent else _of(framework, options)
    return rows


def _of(framework: _Framework, options: Options) -> list[Row]:
    not_here = [missing(rival.title, *rival.packages) for rival in framework.rivals]
    rivals = [rival for rival, absent in zip(framework.rivals, not_here, strict=True) if not absent]
    with material.server() as running, ExitStack() as stack:
        tokens = material.tokens(running, _TOKENS)
        apps = [framework.app, f"guarded_{framework.app}", *(rival.app for rival in rivals)]
        if framework.has_least:
            apps.append(f"least_{framework.app}")
        servers = {
            app: stack.enter_context(_served(framework, app, running.issuer)) for app in apps
        }
        loads: dict[str, tuple[str, Sequence[str]]] = {
            "bare": (framework.app, tokens[:1]),
            "warm": (f"guarded_{framework.app}", tokens[:1]),
            "new": (f"guarded_{framework.app}", tokens),
        }
        if framework.has_least:
            loads["least"] = (f"least_{framework.app}", tokens[:1])
        for rival in rivals:
            loads[rival.title] = (rival.app, [_token_for(rival, running)])
        times, processor = serving.side_by_side(servers, loads, options)
    where = f"{framework.title} on {'uvicorn' if framework.is_asgi else 'gunicorn'}"
    return [
        serving.row(f"{where}, warm token", times, processor, "warm", framework.warm),
        serving.row(f"{where}, every token new", times, processor, "new", framework.new),
        *(
            [serving.row("… the least, warm token", times, processor, "least", None)]
            if framework.has_least
            else []
        ),
        *(
            serving.row(f"… {rival.title}, warm token", times, processor, rival.title, None)
            for rival in rivals
        ),
        *(
            absent
            for rival in framework.rivals
            if (absent := missing(rival.title, *rival.packages))
        ),
    ]


def _served(framework: _Framework, app: str, issuer: str):
    if framework.is_asgi:
        return serving.uvicorn(f"framework_apps:{app}", issuer)
    return serving.gunicorn(f"framework_apps:{app}", issuer, *_GTHREAD)


def _token_for(rival: _Rival, running: AuthorizationServer) -> str:
    life = material.LONG_LIVED
    if rival.app == "fastapi_with_auth0":
        return running.jwt(expires_in=life, claims={"iss": auth0_issuer(running.issuer)})
    if rival.app == "rest_framework_with_oauth_toolkit":
        # The audience that it takes is the address at which it is asked.
        return running.opaque(
            expires_in=life, audience=f"http://{HOST}", claims={"username": "user"}
        )
    return material.token(running)
