"""Start everything, walk through the requests, print the table, end everything.

python -m demo           exit status 0 when every row is as it should be
python -m demo --keep    leave all of it running until Ctrl-C
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console

from bearer_guard.testing import AuthorizationServer
from demo.servers import Api, ServerFailed
from demo.table import Row, console, table, wrong
from demo.walk import Heading, Step, Verdict, steps

_DAY = 86_400
_LEGEND = """\
Each request went to both APIs. Challenge: the WWW-Authenticate header, shortened. Reason: from
the API's own log. Calls: the requests by which each API asked the authorization server.
One refusal in full:
"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave all running until Ctrl-C")
    parser.add_argument("--asgi", default="demo.asgi_api:app", help="the application on uvicorn")
    parser.add_argument("--wsgi", default="demo.wsgi_api:app", help="the application on gunicorn")
    options = parser.parse_args(arguments)
    out = console()
    with ExitStack() as running:
        room = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="demo-")))
        server = running.enter_context(AuthorizationServer())
        apis = [
            running.enter_context(Api("uvicorn", options.asgi, server.issuer, room)),
            running.enter_context(Api("gunicorn", options.wsgi, server.issuer, room)),
        ]
        try:
            for api in apis:
                api.wait()
        except ServerFailed as failure:
            print(failure, file=sys.stderr)
            return 1
        _introduce(out, server, apis)
        rows = walk(server, apis)
        status = _report(out, rows, apis[0])
        if options.keep:
            _keep(out, server, apis)
    return status


def walk(server: AuthorizationServer, apis: list[Api]) -> list[Row | Heading]:
    rows: list[Row | Heading] = []
    for step in steps(server):
        if isinstance(step, Heading):
            rows.append(step)
        else:
            rows.append(Row(step, [_ask(server, api, step) for api in apis]))
    return rows


def _ask(server: AuthorizationServer, api: Api, step: Step) -> Verdict:
    before = len(server.seen)
    api.new_log_records()
    headers = {} if step.authorization is None else {"Authorization": step.authorization}
    response = api.client.request(step.method, step.path, headers=headers)
    refusals = [
        record["reason"]
        for record in api.new_log_records()
        if record["message"].startswith("refused")
    ]
    calls = len(server.seen) - before
    return Verdict(response.status_code, _challenge(response), " ".join(refusals), calls)


def _challenge(response: httpx.Response) -> str:
    """What tells the challenges apart: they all have a realm, and an error a description."""
    if "retry-after" in response.headers:
        return f"Retry-After: {response.headers['retry-after']}"
    challenge: str = response.headers.get("www-authenticate", "").removeprefix("Bearer ")
    if "error=" in challenge:
        challenge = re.sub(r'realm="[^"]*", |, error_description="[^"]*"', "", challenge)
    return challenge


def _introduce(out: Console, server: AuthorizationServer, apis: list[Api]) -> None:
    asgi, wsgi = apis
    out.print("An authorization server and two APIs that bearer_guard guards, on this machine:")
    out.print(f"  authorization server        {server.issuer}")
    out.print(f"  ASGI API on {asgi.server:<15} {asgi.url}")
    out.print(f"  WSGI API on {wsgi.server:<15} {wsgi.url}")


def _report(out: Console, rows: list[Row | Heading], asgi: Api) -> int:
    out.print(table(rows))
    out.print(_LEGEND)
    refusal = asgi.client.get("/orders", headers={"Authorization": "Bearer made-up"})
    out.print(f"  HTTP {refusal.status_code}")
    for name in ("www-authenticate", "content-type", "cache-control"):
        out.print(f"  {name}: {refusal.headers.get(name)}")
    out.print(f"  {refusal.text}\n", markup=False)
    judged = [row for row in rows if isinstance(row, Row)]
    bad = [row for row in judged if not row.is_right]
    for row in bad:
        out.print(wrong(row), style="red", markup=False, soft_wrap=True)
    if bad:
        out.print(f"{len(bad)} of {len(judged)} rows are not as they should be.", style="bold red")
        return 1
    out.print(f"All {len(judged)} rows are as they should be, on both APIs.", style="green")
    return 0


def _keep(out: Console, server: AuthorizationServer, apis: list[Api]) -> None:
    asgi, wsgi = apis
    lines = [
        "",
        "All of it goes on running until Ctrl-C. In another terminal:",
        "",
        f"ASGI={asgi.url} WSGI={wsgi.url} SERVER={server.issuer}",
        f"JWT={server.jwt(expires_in=_DAY)}",
        f"OPAQUE={server.opaque(expires_in=_DAY)}",
        f"EXPIRED={server.jwt(expires_in=-_DAY)}",
        "",
        'curl -i $ASGI/orders -H "Authorization: Bearer $JWT"',
        'curl -i $WSGI/orders -H "Authorization: Bearer $OPAQUE"',
        'curl -i $ASGI/orders -H "Authorization: Bearer $EXPIRED"',
        'curl -i -X POST $WSGI/orders -H "Authorization: Bearer $JWT"',
        "curl -i $ASGI/orders",
        "curl -u demo:demo $SERVER/revoke -d token=$OPAQUE     # then wait up to 60 s",
        "curl -u demo:demo $SERVER/token -d grant_type=client_credentials \\",
        '     -d scope="orders:read orders:write"              # another token',
    ]
    for line in lines:
        # Tokens are long: not wrapped, so that they can be copied.
        print(line, file=out.file)
    out.file.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("\nEnded.", file=out.file)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    # However the demo is told to end, its servers end with it.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    # A shell that starts the demo in the background has it ignore Ctrl-C; it may end all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
