"""How long things take in a soak: minutes are made seconds, so that much happens in two minutes."""

from __future__ import annotations

AUDIENCE = "https://api.example.com"
FRESH_FOR = 1.0
"""Seconds that keys are fresh."""
STALE_FOR = 300.0
"""No outage outlasts it: keys that are known serve through each."""
TIMEOUT = 10.0
"""Enough for a worker that is starting on a busy machine, and has yet to load what it fetches keys
with. Who is killed refuses connections at once, so nothing that fails here takes long."""
BACK_OFF = 0.2
BACK_OFF_AT_MOST = 0.5
ANSWERS_KEPT = 1.0
"""Seconds that an introspection answer is kept, good or bad."""

SETTLED = 5.0
"""Seconds after which every worker has seen a change at an authorization server that is up: a key
set ages, a fetch may fail once and be repeated, and the machine is busy."""
RECOVERED = 4.0
"""Seconds for which what failed may still be felt: back-off, suspended introspection, a process
that is starting."""
REQUESTS_WAIT = 20.0
"""Seconds after which a request counts as left without an answer."""
