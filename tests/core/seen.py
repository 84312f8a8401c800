"""A request as an adapter sees it: the target in raw octets, split and decoded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote


class Seen:
    """A ``RequestView`` of a method, a request target and headers; of raw lines where given.

    ``bearer_guard.Request`` will not do here: it takes a URL, and so reads ``//a/b`` as a host.
    """

    url = "https://api.example.com/"
    client_certificate = None

    def __init__(
        self,
        method: str = "GET",
        target: str = "/",
        headers: Mapping[str, str] | None = None,
        *,
        authorization: Sequence[bytes] = (),
        content_type: bytes | None = None,
        query: bytes = b"",
        form: bytes = b"",
    ) -> None:
        self.method = method
        self.raw_path = target.partition("?")[0]
        self.path = unquote(self.raw_path)
        self.query, self.form = query, form
        self._lines = {
            name.lower().encode(): [value.encode()] for name, value in (headers or {}).items()
        }
        self._lines[b"authorization"] = list(authorization)
        self._lines[b"content-type"] = [] if content_type is None else [content_type]

    def header_values(self, name: bytes) -> Sequence[bytes]:
        return self._lines.get(name, [])
