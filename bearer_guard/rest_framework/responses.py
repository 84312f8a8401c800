"""A guard's answer as a response of REST framework's."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.response import Response

from bearer_guard._core.challenge import Refusal


class RefusalResponse(Response):
    """The guard's octets, whatever renderer the client negotiates; ``data`` is the document."""

    def __init__(self, refusal: Refusal, method: str | None) -> None:
        document: Any = json.loads(refusal.body)
        super().__init__(document, status=refusal.status, headers=dict(refusal.headers))
        self._octets = refusal.body_for(method)
        # The guard has told of it. Django would tell again, and mail every 503 to the ADMINS.
        self._has_been_logged = True

    @property
    def rendered_content(self) -> Any:
        """The body."""
        return self._octets
