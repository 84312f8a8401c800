"""What the guard sees of a Django request."""

from __future__ import annotations

from django.http import HttpRequest

from bearer_guard._core.credentials import may_hold_form_token
from bearer_guard.asgi import AsgiRequest
from bearer_guard.guard import Guard
from bearer_guard.wsgi import WsgiRequest


class DjangoRequest:
    """A view of an ``HttpRequest``, under WSGI and ASGI, for ``Guard.check``."""

    __slots__ = ("_sent", "form", "request")

    def __init__(self, request: HttpRequest, guard: Guard) -> None:
        self.request = request
        scope = getattr(request, "scope", None)
        # What was sent, as it was sent: under ASGI request.META joins repeated header lines.
        self._sent: WsgiRequest | AsgiRequest = (
            WsgiRequest(request.META) if scope is None else AsgiRequest(scope)
        )
        self.form = self._form(guard.settings.max_form_size) if guard.settings.form_parameter else b""

    @property
    def method(self) -> str:
        """In upper case."""
        return (self.request.method or "GET").upper()

    @property
    def path(self) -> str:
        """The decoded path below the script name: what Django's URLs are matched with."""
        return self.request.path_info

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
        return self._sent.url

    @property
    def client_certificate(self) -> bytes | None:
        """DER, where the server tells of one."""
        return self._sent.client_certificate

    def header_values(self, name: bytes) -> list[bytes]:
        """Every line of one header field, in order; WSGI servers join them with a comma."""
        return self._sent.header_values(name)

    def _form(self, limit: int) -> bytes:
        if not may_hold_form_token(self.method, self.header_values(b"content-type")):
            return b""
        return self.request.body
