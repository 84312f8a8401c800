"""aiohttp applications on a socket, and aiohttp's own test client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from bearer_guard import Guard
from bearer_guard.aiohttp import access_token, setup

# What aiohttp says of itself, in every answer.
_ITS_OWN = ("date", "server", "connection")


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: Any) -> Any:
        return dict(self.headers).get(name)

    @property
    def scopes_needed(self) -> str:
        assert self.status in (401, 403), self
        challenge: str = self["www-authenticate"]
        return challenge.partition('scope="')[2].rstrip('"')


async def whose(request: web.Request) -> web.Response:
    return web.Response(text=access_token(request).subject)


def application(guard: Guard, *routes: Any, **options: Any) -> web.Application:
    app = web.Application(**options)
    app.add_routes(routes)
    setup(app, guard)
    return app


class ProductionServer(TestServer):
    """Where the handler of a client that left goes on, which ``TestServer`` cancels."""

    async def _make_runner(self, **options: Any) -> Any:
        return await super()._make_runner(**(options | {"handler_cancellation": False}))


@asynccontextmanager
async def served(
    app: web.Application, server: type[TestServer] = TestServer
) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(server(app)) as client:
        yield client


async def asked(client: Any, method: str, path: str, headers: Any = (), **more: Any) -> Answer:
    # The client tidies no path that it is handed like this.
    url = URL(f"{client.make_url('/').origin()}{path}", encoded=True)
    async with client.session.request(
        method, url, headers=headers, allow_redirects=False, **more
    ) as response:
        body = await response.read()
        found = [(name.decode().lower(), value.decode()) for name, value in response.raw_headers]
        kept = [(name, value) for name, value in found if name not in _ITS_OWN]
        return Answer(response.status, kept, body)


def ask(
    app: web.Application, headers: Any = (), path: str = "/", method: str = "GET", **more: Any
) -> Answer:
    async def once() -> Answer:
        async with served(app) as client:
            return await asked(client, method, path, headers, **more)

    return asyncio.run(once())


async def exchanged(client: Any, request: str) -> bytes:
    """What is answered to these octets, until the server hangs up."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(request.replace("\n", "\r\n").encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer
