"""Where a request may carry its token beside the header: what the settings allow, and no more."""

from __future__ import annotations

from bearer_guard._core import credentials
from bearer_guard.request import RequestView, is_websocket
from bearer_guard.settings import GuardSettings


class TokenPlaces:
    """The query, the form, and the subprotocols that a WebSocket offers."""

    def __init__(self, settings: GuardSettings) -> None:
        self._settings = settings
        marker = settings.websocket_protocol
        self._prefix = credentials.token_prefix(marker).encode("ascii") if marker else b""
        self.any = bool(settings.query_parameter or settings.form_parameter or self._prefix)

    def only_token(self, request: RequestView, token: bytes | None) -> bytes:
        """The request's one token; ``token`` is what the header has.

        RFC 6750 section 2: one method in one request, among those that are read. Raises
        ``MissingToken`` for none and ``InvalidRequest`` for several.
        """
        found = [] if token is None else [token]
        if self._settings.query_parameter:
            found += credentials.from_parameters(request.query)
        if self._settings.form_parameter:
            found += credentials.from_parameters(request.form)
        if self._prefix:
            found += self._offered(request)
        return credentials.only_one(found)

    def _offered(self, request: RequestView) -> list[bytes]:
        """The header means something in a WebSocket's handshake alone (RFC 6455 section 11.3.4)."""
        lines = request.header_values(b"sec-websocket-protocol")
        if not lines or not is_websocket(request):
            return []
        return credentials.from_subprotocols(lines, self._prefix, self._settings.max_token_size)
