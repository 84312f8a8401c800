"""The application of this process: which one it is stands in the environment.

So a server that makes it in another process makes the same.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from .applications import APPLICATIONS, Application

NAME = "SERVED_APPLICATION"
MOUNT = "SERVED_MOUNT"
TWICE = "SERVED_TWICE"
FACTORY = f"{__name__}:make"


def make() -> Any:
    """The application, with what stands around it."""
    # Every refusal with the reason that the client does not hear. No record holds a token.
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("bearer_guard").setLevel(logging.DEBUG)
    application = APPLICATIONS[os.environ[NAME]]
    made = application.make()
    if os.environ.get(TWICE):
        made = _guarded_again(application, made)
    mount = os.environ.get(MOUNT)
    return _mounted(application, made, mount) if mount else made


def _guarded_again(application: Application, made: Any) -> Any:
    """The plain middleware around an application that has its own."""
    from integrations.guarded_apps.settings import read_guard

    guard = read_guard()
    if application.interface == "asgi":
        from bearer_guard.asgi import BearerMiddleware as AsgiMiddleware

        return AsgiMiddleware(made, guard)
    if application.interface == "aiohttp":
        from bearer_guard.aiohttp import setup

        setup(made, guard)
        return made
    from bearer_guard.wsgi import BearerMiddleware as WsgiMiddleware

    return WsgiMiddleware(made, guard)


def _mounted(application: Application, made: Any, mount: str) -> Any:
    """As a part of a larger one."""
    if application.interface == "asgi":
        from starlette.applications import Starlette
        from starlette.routing import Mount

        return Starlette(routes=[Mount(mount, made)])
    if application.interface == "aiohttp":
        from aiohttp import web

        whole = web.Application()
        whole.add_subapp(mount, made)
        return whole
    from werkzeug.exceptions import NotFound
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    return DispatcherMiddleware(NotFound(), {mount: made})
