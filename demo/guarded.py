"""The guard of both APIs, and their log."""

from __future__ import annotations

import json
import logging
import os

from bearer_guard import Guard, Introspection, Issuer, KeySetPolicy, Rule


class JsonLines(logging.Formatter):
    """One JSON object a line: what the operator reads, and what the demo shows of it."""

    def format(self, record: logging.LogRecord) -> str:
        reason = getattr(record, "reason", None)
        return json.dumps({"message": record.getMessage(), "reason": reason})


def make_guard() -> Guard:
    return Guard(
        audience="https://api.example.com",
        issuers=[
            Issuer(
                os.environ["DEMO_ISSUER"],
                introspection=Introspection(client_id="demo", client_secret="demo"),
                # The default is 2 in 30 s. The walk meets twice as many unknown keys in a second.
                key_set=KeySetPolicy(forced_fetches=10),
            )
        ],
        public=["/health"],
        rules=[
            Rule("/orders", methods=("POST",), scopes=("orders:write",)),
            Rule("/orders", scopes=("orders:read",)),
        ],
    )


def keep_log() -> None:
    """Each process writes its own file. DEBUG, since a request without a token is no news."""
    handler = logging.FileHandler(os.environ["DEMO_LOG"], encoding="utf-8")
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("bearer_guard")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
