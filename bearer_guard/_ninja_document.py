"""Django Ninja's OpenAPI document, with the scopes that its own leaves out."""

from __future__ import annotations

from typing import Any

from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation


class Document(OpenAPISchema):
    """What ninja makes of an API; each operation names the scopes that it needs."""

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        """OpenAPI 3.1 section 4.8.30: the requirements of a list are alternatives."""
        found = super().operation_security(operation)
        if not found:
            return found
        documented = [
            auth for auth in operation.auth_callbacks if hasattr(auth, "openapi_security_schema")
        ]
        return [
            {name: list(scopes) for name in requirement}
            for auth, requirement in zip(documented, found, strict=True)
            for scopes in getattr(auth, "scope_choices", ((),))
        ]
