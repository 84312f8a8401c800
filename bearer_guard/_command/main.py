"""The command's arguments, its settings and its exit code: 0 fine, 1 not, 2 wrongly called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bearer_guard import __version__
from bearer_guard._command.named import guard_named
from bearer_guard._command.run import read_token, run
from bearer_guard.errors import SettingsError
from bearer_guard.guard import Guard
from bearer_guard.settings import reading


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; ``None`` takes the process's own arguments."""
    parser = _parser()
    said = parser.parse_args(arguments)
    try:
        guard = _guard(said)
    except SettingsError as error:
        _stop(parser, f"settings: {error}{_where(said)}")
    code, text = run(guard, _token(parser) if said.token else None)
    sys.stdout.write(text)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bearer-guard", description="Looks after a guard's settings.")
    parser.add_argument("--version", action="version", version=f"bearer-guard {__version__}")
    commands = parser.add_subparsers(metavar="command", required=True)
    check = commands.add_parser(
        "check",
        help="fetch metadata and keys of every issuer, and say what is wrong",
        description="Reads the settings from BEARER_GUARD_... variables or from a file, or takes "
        "a guard of your program (in Django it is manage.py bearer_guard_check), fetches "
        "the metadata and the keys of every issuer, and says what is wrong and what to write. "
        "Ends with 0 if all is fine, with 1 if not, with 2 if the settings cannot be used.",
    )
    source = check.add_mutually_exclusive_group()
    source.add_argument("--toml", metavar="FILE", type=Path, help="read the settings from here")
    source.add_argument("--json", metavar="FILE", type=Path, help="or from here")
    source.add_argument(
        "--guard",
        metavar="MODULE:NAME",
        help="or take this Guard, or that of this Flask or Quart application",
    )
    check.add_argument(
        "--token",
        metavar="-",
        type=dash,
        help="judge the token on the standard input as well",
    )
    return parser


def dash(value: str) -> str:
    """A token in an argument can be read by every user of the machine, and in the history."""
    if value != "-":
        raise argparse.ArgumentTypeError("write --token - and hand the token in, as with < file")
    return value


def _guard(said: argparse.Namespace) -> Guard:
    if said.toml is not None:
        return Guard.from_toml(said.toml)
    if said.json is not None:
        return Guard.from_mapping(reading.json_options(said.json))
    if said.guard is not None:
        return guard_named(said.guard)
    return Guard.from_environment()


def _where(said: argparse.Namespace) -> str:
    if said.toml is not None or said.json is not None or said.guard is not None:
        return ""
    return (
        "\n(read from BEARER_GUARD_... variables; --toml FILE or --json FILE reads a file, "
        "--guard MODULE:NAME takes one from your program)"
    )


def _token(parser: argparse.ArgumentParser) -> str:
    token = read_token(sys.stdin.buffer)
    if not token:
        _stop(parser, "no token came on the standard input")
    return token


def _stop(parser: argparse.ArgumentParser, message: str) -> NoReturn:
    parser.exit(2, f"bearer-guard: {message}\n")
