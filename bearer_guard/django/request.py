"""What the guard sees of a Django request."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, RawPostDataException

from bearer_guard._core.credentials import may_hold_form_token
from bearer_guard.asgi import AsgiRequest
from bearer_guard.guard import Guard
from bearer_guard.request import url_of
from bearer_guard.wsgi import WsgiRequest

_ESCAPED_AGAIN = re.compile("%[89A-F][0-9A-F]")
_LONGEST_LENGTH = 10
"""Digits of a ``Content-Length``."""


class DjangoRequest:
    """A view of an ``HttpRequest``, under WSGI and ASGI, for ``Guard.check``.

    The path is what Django matches its URLs with. What was sent is taken from the server's own
    mapping: under ASGI ``request.META`` joins repeated header lines.
    """

    __slots__ = ("_sent", "form", "request")

    def __init__(self, request: HttpRequest, guard: Guard) -> None:
        self.request = request
        scope = getattr(request, "scope", None)
        self._sent = WsgiRequest(request.META) if scope is None else _sent(scope)
        self.form = self._read_form(guard) if guard.settings.form_parameter else b""

    @property
    def method(self) -> str:
        """In upper case; what a middleware before this one has made of it."""
        return (self.request.method or "GET").upper()

    @property
    def path(self) -> str:
        """The decoded path below the script name."""
        path = self.request.path_info
        if "%" in path and isinstance(self._sent, WsgiRequest):
            # Under WSGI Django escapes again what is no UTF-8: it would be read in two ways.
            return _ESCAPED_AGAIN.sub("\ufffd", path)
        return path

    @property
    def raw_path(self) -> str:
        """The path as it was sent, where the server tells."""
        return self._sent.raw_path

    @property
    def query(self) -> bytes:
        """The query, not decoded."""
        return self._sent.query

    @property
    def url(self) -> str:
        """The URL by the server's own address: a Host header is anybody's to write."""
        sent = self._sent
        if isinstance(sent, AsgiRequest) or sent.raw_path.startswith("/"):
            return sent.url
        # Django has written decoded text over what PEP 3333 says of the path; and a request that
        # a test makes by hand has no server.
        meta, path = self.request.META, quote(self.request.path)
        scheme, host = meta.get("wsgi.url_scheme", "http"), meta.get("SERVER_NAME", "localhost")
        return url_of(scheme, host, meta.get("SERVER_PORT"), path, self.query)

    @property
    def client_certificate(self) -> bytes | None:
        """DER, where the server tells of one."""
        return self._sent.client_certificate

    def header_values(self, name: bytes) -> list[bytes]:
        """Every line of one header field, in order; WSGI servers join them with a comma."""
        return self._sent.header_values(name)

    def _read_form(self, guard: Guard) -> bytes:
        """The body of a short urlencoded form, which views read again from ``request.POST``.

        Empty where its length is not announced, or is more than the guard or Django reads.
        """
        if not may_hold_form_token(self.method, self.header_values(b"content-type")):
            return b""
        length, longest = self._announced_length(), guard.settings.max_form_size
        if settings.DATA_UPLOAD_MAX_MEMORY_SIZE is not None:
            longest = min(longest, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if not 0 < length <= longest:
            return b""
        try:
            body = self.request.body
        except (OSError, RawPostDataException, RequestDataTooBig):
            # The client has left, or somebody has read it already, or the length was a lie.
            return b""
        # Less than was announced is no whole form.
        return body if len(body) == length else b""

    def _announced_length(self) -> int:
        values = self.header_values(b"content-length")
        is_number = len(values) == 1 and values[0].isdigit() and len(values[0]) <= _LONGEST_LENGTH
        return int(values[0]) if is_number else 0


def _sent(scope: dict[str, Any]) -> AsgiRequest:
    query = scope.get("query_string")
    # Django's test client writes text where a server has octets.
    return AsgiRequest(
        {**scope, "query_string": query.encode()} if isinstance(query, str) else scope
    )
