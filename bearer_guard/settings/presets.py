"""Issuers whose ways are known and need more than their address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks
from bearer_guard.settings.introspection import Introspection
from bearer_guard.settings.issuer import Issuer

_HOSTS = {
    "us": "https://auth-us.beyondidentity.com",
    "eu": "https://auth-eu.beyondidentity.com",
    "us-gov": "https://auth.us1.beyondidentity-gov.com",
}


def beyond_identity(
    tenant: str,
    realm: str,
    *,
    region: str = "us",
    base_url: str | None = None,
    applications: Sequence[str] | None = None,
    client_id: str | None = None,
    client_secret: str | None = None,
    token: str | Callable[[], str] | None = None,
    **options: Any,
) -> Issuer:
    """Every application of one Beyond Identity realm.

    There each application is an issuer with keys of its own; introspection is the realm's. The
    client is the last part of ``azp``. The header's ``jku``, which the vendor's recipe follows,
    is ignored: all tenants share that host, so only tenant and realm tell them apart.

    Args:
        tenant: the tenant's id.
        realm: the realm's id.
        region: ``us``, ``eu`` or ``us-gov``.
        base_url: in place of ``region``, the address before ``/v1/tenants``.
        applications: the ids of those applications whose tokens are let in; ``None`` means all.
            An introspection answer must then have ``iss``, as all of the vendor's have.
        client_id: with ``client_secret``, this API's credentials for introspection; they
            resolve the tokens of that one application.
        client_secret: see ``client_id``.
        token: in their place, a token with scope ``tokens:introspect``, or a function that
            returns the current one; it resolves the tokens of every application.
        **options: any other option of ``Issuer``.

    Raises:
        SettingsError: for an id that is none, an unknown region, or wrong options.
    """
    for name, value in (("tenant", tenant), ("realm", realm)):
        if not checks.text(name, value, '"0001b18ee979ce2c"').replace("-", "").isalnum():
            raise SettingsError(f"{name} is {value!r}: write the id, as in the console's address")
    if not isinstance(region, str) or region not in _HOSTS:
        raise SettingsError(f"region is {region!r}: write one of {', '.join(_HOSTS)}")
    host = _HOSTS[region] if base_url is None else checks.url("base_url", base_url).rstrip("/")
    parts: dict[str, Sequence[str]] = {}
    if applications is not None:
        pinned = checks.names("applications", applications, '["f4aee1f6-1c3c-4e5d"]')
        parts = {"application": pinned}
    within = f"{host}/v1/tenants/{tenant}/realms/{realm}"
    introspection = None
    if token is not None or client_id is not None or client_secret is not None:
        introspection = Introspection(
            f"{within}/introspect", client_id=client_id, client_secret=client_secret, token=token
        )
    return Issuer(
        f"{within}/applications/{{application}}",
        parts=parts,
        introspection=introspection,
        **{
            "metadata_uri": f"{within}/applications/{{application}}"
            "/.well-known/openid-configuration",
            "client_id_claims": ("azp",),
            "client_id_form": "last_path_segment",
            # The newest tokens leave them out; where they are, they must be ours.
            "claims_if_present": {"bi_t": [tenant], "bi_r": [realm, "*"]},
            **options,
        },
    )


SET_BY_PRESETS = ("issuer", "introspection", "parts")
"""Options of ``Issuer`` that a preset works out from its own."""

BY_NAME: Mapping[str, Callable[..., Issuer]] = {"beyond_identity": beyond_identity}
"""The presets that settings in plain data may name, as ``{"preset": "beyond_identity", …}``."""
