"""A whole check: what ``bearer-guard check`` and Django's command print, and how they end."""

from __future__ import annotations

import logging
import re
from typing import BinaryIO

from bearer_guard._command.check import Check
from bearer_guard.guard import Guard

_LONGEST = 2_097_152
"""Octets of standard input: more than any token that any settings let in."""


def read_token(source: BinaryIO) -> str:
    """The token that was handed in, with or without ``Authorization: Bearer``; empty if there is
    none. Whatever octets there are: what is no token, the guard says."""
    text = source.read(_LONGEST).decode("latin-1").strip()
    return re.sub(r"(?i)^(authorization:)?\s*bearer\s+", "", text)


def run(guard: Guard, token: str | None) -> tuple[int, str]:
    """Check the settings of ``guard``, which is closed then, and judge ``token``, if there is one.

    The exit code and what is to be read.
    """
    quiet = logging.NullHandler()
    # What the records say, the report says too.
    logging.getLogger("bearer_guard").addHandler(quiet)
    try:
        with guard:
            check = Check(guard)
            code, text = check.issuers()
            if token is None:
                return code, text
            verdict, more = check.token(token)
            return max(code, verdict), text + more
    finally:
        logging.getLogger("bearer_guard").removeHandler(quiet)
