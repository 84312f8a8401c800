"""Where else than in ``Authorization`` a token may stand, where the settings say so."""

from __future__ import annotations

from bearer_guard._core import credentials
from bearer_guard.request import RequestView, is_websocket
from bearer_guard.settings import GuardSettings


class OtherPlaces:
    """The query, a form, the subprotocols that a WebSocket offers."""

    def __init__(self, settings: GuardSettings) -> None:
        self._reads_query, self._reads_form = settings.query_parameter, settings.form_parameter
        self._max_token_size = settings.max_token_size
        marker = settings.websocket_protocol
        self._prefix = credentials.token_prefix(marker).encode("ascii") if marker else b""
        self.are_read = bool(self._reads_query or self._reads_form or self._prefix)
        """Whether there are any."""

    def token(self, request: RequestView, in_header: bytes | None) -> bytes:
        """RFC 6750 section 2: one method in one request, among those that are read.

        Raises ``MissingToken`` for none and ``InvalidRequest`` for several.
        """
        found = [] if in_header is None else [in_header]
        if self._reads_query:
            found += credentials.from_parameters(request.query)
        if self._reads_form:
            found += credentials.from_parameters(request.form)
        if self._prefix:
            found += self._offered(request)
        return credentials.only_one(found)

    def _offered(self, request: RequestView) -> list[bytes]:
        """The header means something in a WebSocket's handshake alone (RFC 6455 section 11.3.4)."""
        lines = request.header_values(b"sec-websocket-protocol")
        if not lines or not is_websocket(request):
            return []
        return credentials.from_subprotocols(lines, self._prefix, self._max_token_size)
