"""Ports for servers that cannot be handed a socket."""

from __future__ import annotations

import itertools
import random
import socket
from contextlib import suppress

# Below those that systems give to connections (Linux from 32768 on, others from 49152 on). In an
# order of this process's own, and each once: many servers are started at the same time.
_untried = itertools.cycle(random.sample(range(20_000, 32_768), 12_768))


def free_ports(number: int) -> list[int]:
    """So many ports on loopback at which nobody listens.

    Not the system's own choice, port 0: between the probe and the server's start it would give
    the same port to any connection that somebody opens meanwhile.
    """
    ports: list[int] = []
    while len(ports) < number:
        port = next(_untried)
        with socket.socket() as probe:
            # As servers do: a connection that ended lately does not take the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(port)
    return ports
