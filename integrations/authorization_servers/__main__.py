"""The one command: `python -m integrations.authorization_servers NAME`."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from .check import check_all
from .install import InstallError
from .launch import NAMES, AuthorizationServer, ServerStartError, availability, launch
from .profiles import AUDIENCE, PROFILES, SCOPE, secret_of
from .protocol import TokenRequestError

_EXAMPLES = """
examples:
  %(prog)s oidc_provider --port 9000      run until Ctrl-C, and print what to try with curl
  %(prog)s authlib_server --kinds         list the kinds of token that it can make
  %(prog)s oidc_provider token jwt_es256  start, print one token, stop
  %(prog)s --check                        start every server and fetch each kind once
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command and give its exit status."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.check:
        return 0 if check_all() else 1
    if parsed.name is None:
        parser.error("name a server, or give --check")
    if parsed.kinds:
        print("\n".join(PROFILES[parsed.name].kinds))
        return 0
    if parsed.action == "token" and parsed.kind not in PROFILES[parsed.name].kinds:
        parser.error(f"token needs a kind: {', '.join(PROFILES[parsed.name].kinds)}")
    missing = availability(parsed.name)
    if missing is not None:
        print(missing, file=sys.stderr)
        return 1
    return _run(parsed.name, parsed.port, parsed.kind)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m integrations.authorization_servers",
        description="Run a real authorization server on loopback.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", choices=NAMES, help="the server")
    parser.add_argument("action", nargs="?", choices=["run", "token"], default="run")
    parser.add_argument("kind", nargs="?", help="with token: the kind of token")
    parser.add_argument("--port", type=int, help="a loopback port instead of a free one")
    parser.add_argument("--kinds", action="store_true", help="list the kinds of token")
    parser.add_argument("--check", action="store_true", help="try every server")
    return parser


def _run(name: str, port: int | None, kind: str | None) -> int:
    # An ordinary kill should stop the server too, so it ends like Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with launch(name, port) as server:
            if kind is not None:
                print(server.token(kind))
                return 0
            print(_help_for(server), flush=True)
            server.wait()
    except KeyboardInterrupt:
        return 0
    except (InstallError, ServerStartError, TokenRequestError) as error:
        print(error, file=sys.stderr)
    return 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _help_for(server: AuthorizationServer) -> str:
    profile = PROFILES[server.name]
    client = "rs256-client"
    lines = [
        f"{server.name} is running; Ctrl-C stops it.",
        f"  issuer         {server.issuer}",
        f"  discovery      {server.discovery_uri}",
        f"  keys           {server.jwks_uri}",
        "",
        "A JWT access token:",
        f"  curl -u {client}:{secret_of(client)} {server.base_url}{profile.token_path} \\",
        f"    -d grant_type=client_credentials -d client_id={client} \\",
        f"    -d {profile.audience_parameter}={AUDIENCE} -d 'scope={SCOPE}'",
    ]
    if server.introspection is not None:
        door = server.introspection
        lines += [
            "An opaque one: the same with opaque-client and its secret",
            f"({secret_of('opaque-client')}). Ask about it:",
            f"  curl -u {door.client_id}:{door.client_secret} {door.endpoint} -d token=TOKEN",
        ]
    lines += [
        "New signing keys, and the counted requests:",
        f"  curl -X POST {server.base_url}/__control/rotate",
        f"  curl {server.base_url}/__control/requests",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
