"""Where the guard stands in a Litestar application: around its router.

Litestar looks up a route first and runs the application's middleware afterwards, if it found
one. Around the router, what no route answers is guarded too, and the guard sees the path as it
was sent. The exception handlers and CORS stay outside.
"""

from __future__ import annotations

from typing import Any

from litestar import Litestar
from litestar.exceptions import NotFoundException
from litestar.types import ASGIApp, Receive, Scope, Send

from bearer_guard.access_token import AccessToken
from bearer_guard.asgi import GUARD_KEY, BearerMiddleware
from bearer_guard.guard import Guard


def stand_around_router(app: Litestar, guard: Guard) -> None:
    """Do it once. After its first route an application that had none is guarded as a whole."""
    # Until it is all made, an application has a router and no handler that holds it.
    name = "asgi_handler" if hasattr(app, "asgi_handler") else "asgi_router"
    if not any(isinstance(getattr(app, each, None), _Guarded) for each in ("asgi_router", name)):
        setattr(app, name, _Guarded(getattr(app, name), guard))


class _Guarded(BearerMiddleware):
    """A router, with the guard around it. All else about it is the router's own."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["path"] = _path_as_it_is_routed(scope)
        await super().__call__(scope, receive, send)

    def _tell(self, scope: Any, token: AccessToken | None) -> None:
        """``request.auth`` is of any type in Litestar: here it is the token."""
        super()._tell(scope, token)
        scope["auth"] = token

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)


def _path_as_it_is_routed(scope: Any) -> str:
    """Litestar cuts ``root_path`` out wherever it first stands, not at the beginning alone. Put
    there, everybody reads the same."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if not root or root not in path or path.startswith(f"{root}/"):
        return path
    below = path.split(root, maxsplit=1)[-1]
    return f"{root}/{below.removeprefix('/')}"


def backstop(guard: Guard) -> Any:
    """A middleware in Litestar's own place for it: nothing gets by that the guard has not seen."""

    def around(app: ASGIApp) -> ASGIApp:
        async def checked(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get(GUARD_KEY) is not guard:
                raise RuntimeError("this request came past the guard of BearerPlugin")
            if not scope["path"].startswith("/"):
                # Litestar takes "/admin-x" for what is mounted at "/admin", with "-x/" below it.
                # The guard saw another path, whose rules are others.
                raise NotFoundException
            await app(scope, receive, send)

        return checked

    return around
