"""Where an authorization server's endpoints are, and which endpoint a path means."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

OAUTH_METADATA: Final = "/.well-known/oauth-authorization-server"
OPENID_METADATA: Final = "/.well-known/openid-configuration"
JWKS: Final = "/jwks"
INTROSPECT: Final = "/introspect"
REVOKE: Final = "/revoke"
TOKEN: Final = "/token"  # noqa: S105 - the name of an endpoint

DEFAULT_APPLICATION: Final = "app-1"
"""The application whose issuer is meant where an issuer template is used and none is named."""

_PART: Final = re.compile(r"\{[A-Za-z_]\w*\}")


class Addresses:
    """The URLs that belong to one issuer, or to one issuer template.

    A template has one named part, as in ``https://h/realms/r/applications/{application}``: each
    application is an issuer of its own with its own key set, and introspection belongs to what
    stands before ``/applications``. Endpoints are named by the paths that they have under an
    issuer without a path, for example ``/jwks``.
    """

    def __init__(self, issuer: str) -> None:
        """Lay out the endpoints of *issuer*; more than one ``{part}`` is a ``ValueError``."""
        if len(_PART.findall(issuer)) > 1:
            raise ValueError(f"an issuer template has one named part, not several: {issuer!r}")
        url = urlsplit(issuer)
        self.issuer = issuer
        self.origin = f"{url.scheme}://{url.netloc}"
        self.is_template = _PART.search(issuer) is not None
        self._paths = _layout(url.path.rstrip("/"), template=self.is_template)
        self._patterns = {name: _pattern(path) for name, path in self._paths.items()}

    def application(self, name: str | None) -> str | None:
        """Return the application that *name* means; a plain issuer has none (``ValueError``)."""
        if self.is_template:
            return DEFAULT_APPLICATION if name is None else name
        if name is not None:
            raise ValueError(f"{self.issuer!r} is no template: it has no application {name!r}")
        return None

    def issuer_of(self, application: str | None) -> str:
        """Return the issuer identifier (``iss``) of *application*, or the only one."""
        return self._fill(self.issuer, application)

    def url(self, endpoint: str, application: str | None) -> str:
        """Return the URL of *endpoint*; one that does not exist is a ``ValueError``."""
        if endpoint not in self._paths:
            raise ValueError(f"no endpoint {endpoint!r}: there are {', '.join(self._paths)}")
        return self.origin + self._fill(self._paths[endpoint], application)

    def find(self, path: str) -> tuple[str | None, str | None]:
        """Return the endpoint at *path* and the application it belongs to, ``None`` if unknown."""
        for endpoint, pattern in self._patterns.items():
            if match := pattern.fullmatch(path):
                return endpoint, match.groupdict().get("part")
        return None, None

    def _fill(self, template: str, application: str | None) -> str:
        name = self.application(application)
        return template if name is None else _PART.sub(lambda _: name, template)


def _layout(path: str, *, template: bool) -> dict[str, str]:
    """Return each endpoint's path under the issuer's *path*.

    RFC 8414 section 3.1 inserts the well-known part before the issuer's path, OpenID Connect
    Discovery 1.0 section 4 appends it.
    """
    realm = _PART.split(path)[0].rstrip("/").rpartition("/")[0] if template else path
    return {
        OAUTH_METADATA: OAUTH_METADATA + path,
        OPENID_METADATA: path + OPENID_METADATA,
        JWKS: path + ("/.well-known/jwks.json" if template else JWKS),
        INTROSPECT: realm + INTROSPECT,
        REVOKE: path + REVOKE,
        TOKEN: path + TOKEN,
    }


def _pattern(path: str) -> re.Pattern[str]:
    before, *after = _PART.split(path)
    return re.compile("(?P<part>[^/]+)".join(re.escape(piece) for piece in (before, *after)))
