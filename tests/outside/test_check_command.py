"""``bearer-guard check``: settings, servers and a token, looked at before anybody is guarded."""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bearer_guard import __version__
from bearer_guard._command.main import main
from bearer_guard.testing import AuthorizationServer
from key_life.world import JWKS, OAUTH, OPENID

ROOT = Path(__file__).parents[2]


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    def rows(self, heading: str) -> list[str]:
        """What stands below a heading, the milliseconds aside."""
        for block in self.out.split("\n\n"):
            first, *rows = block.splitlines()
            if first.startswith(heading):
                return [re.sub(r", \d+ ms$", "", row) for row in rows]
        raise AssertionError(f"no heading {heading} in:\n{self.out}")


class Command:
    """The command, run in this process."""

    def __init__(self, capsys: Any, monkeypatch: pytest.MonkeyPatch, room: Path) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self._file = room / "guard.json"

    def __call__(self, *arguments: str, token: bytes | str | None = None) -> Ran:
        if token is not None:
            octets = token.encode() if isinstance(token, str) else token
            stdin = io.TextIOWrapper(io.BytesIO(octets))
            self._monkeypatch.setattr(sys, "stdin", stdin)
            arguments = (*arguments, "--token", "-")
        try:
            code = main(arguments)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        told = self._capsys.readouterr()
        return Ran(code, told.out, told.err)

    def check(self, options: dict[str, Any], token: bytes | str | None = None) -> Ran:
        self._file.write_text(json.dumps(options))
        return self("check", "--json", str(self._file), token=token)


@pytest.fixture
def command(capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    for name in list(os.environ):
        if name.startswith("BEARER_GUARD_"):
            monkeypatch.delenv(name)
    return Command(capsys, monkeypatch, tmp_path)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    with AuthorizationServer(algorithms=("RS256", "ES256")) as server:
        server.signing_key("ES256")
        yield server


def settings(server: AuthorizationServer, **more: Any) -> dict[str, Any]:
    return {"audience": server.audience, "issuers": [{"issuer": server.issuer, **more}]}


def introspecting(server: AuthorizationServer, **more: Any) -> dict[str, Any]:
    """An issuer whose introspection endpoint is in its metadata."""
    given = server.introspection_settings(**more)
    del given["endpoint"]
    return settings(server, introspection=given)


def test_what_is_found_is_told_and_it_ends_with_0(
    command: Command, server: AuthorizationServer
) -> None:
    ran = command.check(settings(server))
    assert (ran.code, ran.err) == (0, "")
    assert ran.rows("this API") == ["  audience        https://api.example.com"]
    assert ran.rows(f"{server.issuer}  ok") == [
        f"  metadata        GET {server.url(OPENID)}  200",
        f"  key set         GET {server.url(JWKS)}  200",
        "  keys            EC  P-256      ES256",
        "                  RSA 2048 bits  RS256",
    ]
    assert [seen.endpoint for seen in server.seen] == [OPENID, JWKS]


def test_it_tells_at_which_of_the_two_places_the_metadata_was(
    command: Command, server: AuthorizationServer
) -> None:
    server.override(OPENID, status=404)
    rows = command.check(settings(server)).rows(server.issuer)
    assert rows[:2] == [
        f"  metadata        GET {server.url(OPENID)}  404",
        f"                  GET {server.url(OAUTH)}  200",
    ]


def test_each_kind_of_key_is_named_and_those_that_cannot_be_used_are_counted(
    command: Command, server: AuthorizationServer
) -> None:
    crv = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    document = {
        "keys": [{**crv, "kid": "a"}, {**crv, "kid": "b", "use": "enc"}, {"kid": "c", "kty": "X"}]
    }
    server.override(JWKS, body=document)
    assert command.check(settings(server)).rows(server.issuer)[2:] == [
        "  keys            OKP Ed25519    Ed25519 EdDSA",
        "  not usable      2 more: weak, not for signatures, or unknown",
    ]


def test_a_server_that_is_down_is_told_and_it_ends_with_1(
    command: Command, server: AuthorizationServer
) -> None:
    server.go_down()
    ran = command.check(settings(server))
    assert (ran.code, ran.err) == (1, "")
    assert ran.rows(f"{server.issuer}  NOT ok") == [
        f"  metadata        GET {server.url(OPENID)}  upstream_unreachable",
        f"                  GET {server.url(OPENID)}  upstream_unreachable",
        "  wrong           upstream_unreachable error='ConnectError'",
        "  what to do      look at the server, the network, DNS, its certificate",
    ]


def test_an_issuer_with_a_slash_too_many_is_told_what_to_write(
    command: Command, server: AuthorizationServer
) -> None:
    written = f"{server.issuer}/"
    ran = command.check({"audience": "a", "issuers": [written]})
    assert ran.code == 1
    assert ran.rows(f"{server.issuer}/  NOT ok")[-2:] == [
        f"  wrong           metadata_issuer_mismatch expected={written!r} named={server.issuer!r}",
        "  what to do      correct `issuer` to what the metadata says, the last slash too",
    ]


def test_of_several_issuers_each_is_told_of_by_itself(
    command: Command, server: AuthorizationServer
) -> None:
    with AuthorizationServer() as other:
        other.override(JWKS, body={"keys": []})
        issuers = [server.issuer, other.issuer]
        ran = command.check({"audience": "a", "issuers": issuers})
        assert ran.code == 1
        assert ran.rows(f"{server.issuer}  ok")
        assert ran.rows(f"{other.issuer}  NOT ok")[-2:] == [
            "  wrong           key_set_unusable problem='not a set of keys'",
            "  what to do      open the address; look at the keys",
        ]


def test_a_template_has_nothing_to_show_yet(command: Command, server: AuthorizationServer) -> None:
    template = f"{server.issuer}/apps/{{application}}"
    ran = command.check({"audience": "a", "issuers": [template]})
    assert ran.code == 0
    assert ran.rows(f"{template}  ok") == [
        "  keys            a template: fetched when the first token of each of its issuers comes"
    ]
    assert server.seen == []


def test_this_apis_credentials_are_tried_with_a_token_that_nobody_issued(
    command: Command, server: AuthorizationServer
) -> None:
    ran = command.check(introspecting(server))
    assert ran.code == 0
    rows = ran.rows(f"{server.issuer}  ok")
    assert f"  introspection   POST {server.url('/introspect')}  200" in rows
    assert rows[-1] == "  asks as         protected-resource"
    assert server.count("/introspect") == 1


def test_wrong_credentials_are_told(command: Command, server: AuthorizationServer) -> None:
    ran = command.check(introspecting(server, client_secret="s3cret-of-yesterday"))
    assert ran.code == 1
    advice = "the endpoint refuses this API's own credentials: check Introspection(...)"
    assert ran.rows(f"{server.issuer}  NOT ok")[-2:] == [
        "  wrong           introspection_credentials_refused status=401",
        f"  what to do      {advice}",
    ]
    assert "s3cret" not in ran.out


def test_a_token_in_the_place_of_credentials_is_not_shown(
    command: Command, server: AuthorizationServer
) -> None:
    token = {"token": server.introspection_token}
    ran = command.check(settings(server, introspection=token))
    assert ran.code == 0
    assert ran.rows(server.issuer)[-1] == "  asks as         the bearer of a token"
    assert server.introspection_token not in ran.out


def test_an_endpoint_that_lets_everybody_in_is_told(
    command: Command, server: AuthorizationServer
) -> None:
    answer = {"active": True, "aud": server.audience, "client_id": "c", "exp": 9_999_999_999}
    server.override("/introspect", body=answer)
    ran = command.check(introspecting(server))
    assert ran.code == 1
    assert ran.rows(f"{server.issuer}  NOT ok")[-2:] == [
        "  wrong           introspection calls a token active that nobody issued",
        "  what to do      do not use this endpoint: it would let everybody in",
    ]


def test_credentials_that_nobody_needs_are_not_tried(
    command: Command, server: AuthorizationServer
) -> None:
    """Of several issuers that introspect, one resolves opaque tokens."""
    with AuthorizationServer() as other:
        options = introspecting(server)
        options["issuers"] += introspecting(other)["issuers"]
        ran = command.check({**options, "opaque_issuer": other.issuer})
        assert ran.code == 0
        assert (server.count("/introspect"), other.count("/introspect")) == (0, 1)
        assert "  asks as         protected-resource" not in ran.rows(server.issuer)
        assert "  asks as         protected-resource" in ran.rows(other.issuer)


def test_where_metadata_fails_credentials_are_not_tried(
    command: Command, server: AuthorizationServer
) -> None:
    server.override(OPENID, status=500)
    server.override(OAUTH, status=500)
    assert command.check(introspecting(server)).code == 1
    assert server.count("/introspect") == 0


@pytest.mark.parametrize("way", ["{}", "{}\n", "Bearer {}", "Authorization: Bearer {}\r\n"])
def test_a_good_token_is_told_as_the_application_would_see_it(
    command: Command, server: AuthorizationServer, way: str
) -> None:
    token = server.jwt(subject="alice", scope="orders:read admin", expires_in=3000)
    ran = command.check(settings(server), way.format(token))
    assert ran.code == 0
    rows = ran.rows("the token  let in")
    assert rows[:5] == [
        f"  issuer          {server.issuer}",
        "  subject         alice",
        "  client          client-1",
        f"  audience        {server.audience}",
        "  scopes          admin orders:read",
    ]
    assert re.fullmatch(r"  expires in      (3000|29\d\d) s", rows[5])


def test_a_referential_token_is_asked_about(command: Command, server: AuthorizationServer) -> None:
    token = server.opaque(subject=None, claims={"exp": server.ABSENT})
    ran = command.check(introspecting(server), token)
    assert ran.code == 0
    rows = ran.rows("the token  let in")
    assert rows[0] == f"  introspection   POST {server.url('/introspect')}  200"
    assert "  subject         -" in rows
    assert not rows[-1].startswith("  expires in")
    assert server.count("/introspect") == 2


def test_a_bad_token_is_told_with_its_reason_and_it_ends_with_1(
    command: Command, server: AuthorizationServer
) -> None:
    ran = command.check(settings(server), server.jwt(audience="other"))
    assert ran.code == 1
    assert ran.rows("the token  NOT let in") == [
        "  wrong           audience_mismatch expected=['https://api.example.com'] named='other'",
        "  what to do      have the client ask for a token for this API, or correct `audience`",
    ]
    assert ran.rows(f"{server.issuer}  ok")


@pytest.mark.parametrize("token", [b"\xff\xfe\x00", b"two words", b"x" * 100_000, b"{}"])
def test_whatever_is_brought_as_a_token_is_answered(
    command: Command, server: AuthorizationServer, token: bytes
) -> None:
    ran = command.check(settings(server), token)
    assert ran.code == 1
    assert ran.rows("the token  NOT let in")[0].startswith("  wrong ")


def test_a_token_writes_nothing_into_the_terminal(
    command: Command, server: AuthorizationServer
) -> None:
    for token in (
        server.jwt(subject="a\x1b[2J\nforged"),
        server.jwt(audience="a\x1b[2J\nforged"),
        server.jwt(claims={"iss": "a\x1b[2J\nforged"}),
    ):
        ran = command.check(settings(server), token)
        assert "\x1b" not in ran.out
        assert "\nforged" not in ran.out


def test_the_token_is_never_shown(command: Command, server: AuthorizationServer) -> None:
    good = server.jwt()
    for token in (good, server.tampered(good), server.opaque(), "junk-token-of-nobody"):
        ran = command.check(introspecting(server), token)
        for part in token.split("."):
            assert part not in ran.out + ran.err


def test_no_token_on_the_standard_input_is_a_wrong_call(
    command: Command, server: AuthorizationServer
) -> None:
    ran = command.check(settings(server), " \n")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "bearer-guard: no token came on the standard input\n"


def test_a_token_among_the_arguments_is_refused_and_not_repeated(command: Command) -> None:
    ran = command("check", "--token", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln")
    assert ran.code == 2
    assert "write --token - and hand the token in" in ran.err
    assert "eyJ" not in ran.err


def test_settings_come_from_the_environment(
    command: Command, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEARER_GUARD_AUDIENCE", server.audience)
    monkeypatch.setenv("BEARER_GUARD_ISSUERS__0__ISSUER", server.issuer)
    assert command("check").code == 0


def test_or_from_a_toml_file(command: Command, server: AuthorizationServer, tmp_path: Path) -> None:
    file = tmp_path / "guard.toml"
    file.write_text(
        f'[bearer_guard]\naudience = "{server.audience}"\nissuers = ["{server.issuer}"]\n'
    )
    assert command("check", "--toml", str(file)).code == 0


PROGRAM = """
from flask import Flask
from bearer_guard import Guard, Issuer
from bearer_guard.flask import BearerGuard

class held:
    guard = Guard(audience={audience!r}, issuers=[Issuer({issuer!r})])

guard = held.guard
app = Flask("shop")
BearerGuard(app, guard=Guard(audience={audience!r}, issuers=[Issuer({issuer!r})]))
bare = Flask("bare")
"""


@pytest.fixture
def program(
    server: AuthorizationServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A module ``shop_of_a_test`` in the current folder, with a guard in it."""
    text = PROGRAM.format(audience=server.audience, issuer=server.issuer)
    (tmp_path / "shop_of_a_test.py").write_text(text)
    (tmp_path / "broken_shop_of_a_test.py").write_text("import no_such_module_of_a_test")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("shop_of_a_test", None)


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("name", ["guard", "held.guard", "app"])
def test_or_a_guard_of_the_users_own_program_is_taken(
    command: Command, server: AuthorizationServer, name: str
) -> None:
    ran = command("check", "--guard", f"shop_of_a_test:{name}")
    assert (ran.code, ran.err) == (0, "")
    assert ran.rows(f"{server.issuer}  ok")


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shop_of_a_test", "write MODULE:NAME, as shop.main:guard"),
        ("shop_of_a_test:", "write MODULE:NAME"),
        ("shop_of_a_test:nothing", "shop_of_a_test has no guard named nothing: name a Guard, or"),
        ("shop_of_a_test:bare", "has no guard named bare"),
        ("shop_of_a_test:held", "has no guard named held"),
        ("no_such_shop:guard", "the module no_such_shop, which is not there: run this where"),
        ("json.no_such:guard", "the module json.no_such, which is not there"),
    ],
)
def test_what_is_no_guard_is_told(command: Command, name: str, message: str) -> None:
    ran = command("check", "--guard", name)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.usefixtures("program")
def test_what_a_program_itself_lacks_is_shown_as_python_shows_it(command: Command) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module_of_a_test"):
        command("check", "--guard", "broken_shop_of_a_test:guard")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read as JSON"),
        ("{", "cannot be read as JSON"),
        ("[]", 'write an object, {"audience": …, "issuers": […]}'),
        ('{"issuers": ["https://a.example/"]}', "audience is missing: write it"),
        ('{"audience": "a", "issuers": ["http://a.example/"]}', "issuer is plain http"),
    ],
)
def test_settings_that_cannot_be_used_are_told_and_it_ends_with_2(
    command: Command, tmp_path: Path, text: str | None, message: str
) -> None:
    file = tmp_path / "guard.json"
    if text is not None:
        file.write_text(text)
    ran = command("check", "--json", str(file))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("bearer-guard: settings: ")
    assert message in ran.err
    assert "variables" not in ran.err


def test_without_any_settings_it_says_where_they_are_looked_for(command: Command) -> None:
    ran = command("check")
    assert ran.code == 2
    assert ran.err == (
        "bearer-guard: settings: audience is missing: write it into the settings\n"
        "(read from BEARER_GUARD_... variables; --toml FILE or --json FILE reads a file, "
        "--guard MODULE:NAME takes one from your program)\n"
    )


@pytest.mark.parametrize("arguments", [(), ("chekc",), ("check", "--toml", "a", "--json", "b")])
def test_a_wrong_call_is_told_how_to_call_it(command: Command, arguments: tuple[str, ...]) -> None:
    ran = command(*arguments)
    assert ran.code == 2
    assert ran.err.startswith("usage: bearer-guard")


def test_it_says_its_version(command: Command) -> None:
    assert command("--version") == Ran(0, f"bearer-guard {__version__}\n", "")


def test_it_leaves_the_log_as_it_was(command: Command, server: AuthorizationServer) -> None:
    handlers = list(logging.getLogger("bearer_guard").handlers)
    command.check(settings(server))
    assert logging.getLogger("bearer_guard").handlers == handlers


def test_it_runs_as_a_module_and_writes_nothing_but_its_report(server: AuthorizationServer) -> None:
    server.go_down()
    environ = {
        **os.environ,
        "BEARER_GUARD_AUDIENCE": server.audience,
        "BEARER_GUARD_ISSUERS": server.issuer,
    }
    ran = subprocess.run(
        [sys.executable, "-m", "bearer_guard", "check"],
        env=environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "upstream_unreachable" in ran.stdout


def test_the_installed_command_is_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["bearer-guard"].partition(":")
    assert getattr(importlib.import_module(module), name) is main
