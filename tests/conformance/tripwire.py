"""A port that nobody must come to."""

from __future__ import annotations

import socket
import threading


class Tripwire:
    """Listens, and counts whoever comes: nobody must."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self.port: int = self._listener.getsockname()[1]
        self.touched = 0
        self._open = True
        self._thread = threading.Thread(target=self._run, daemon=True, name="tripwire")
        self._thread.start()

    def _run(self) -> None:
        while self._open:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.touched += 1
            connection.close()

    def close(self) -> None:
        self._open = False
        self._thread.join()
        self._listener.close()
