"""For whom a token is meant: exact membership, and nothing else (RFC 7519 section 4.1.3)."""

from __future__ import annotations

from typing import Any

from conformance.rows import Row, rows, token_row
from conformance.tokens import ABSENT
from conformance.verdicts import INVALID, LET_IN, sees
from conformance.world import AUDIENCE, Setting

OTHER = INVALID.but(because="audience_mismatch")
BAD = INVALID.but(because="claim_malformed")
SEVERAL = Setting(guard={"audience": [AUDIENCE, "api://orders", "5f7c8ec7"]}, warm={})
OWN = Setting(issuer={"audience": "api://default"}, warm={"aud": "api://default"})
CLIENTS = Setting(
    issuer={"clients_instead_of_audience": ["client-1", "app-2"], "required_claims": {"token_use": "access"}},
    warm={"token_use": "access"},
)  # fmt: skip


def aud(
    sentence: str, verdict: Any, value: Any, setting: Setting | None = None, **more: Any
) -> Row:
    options: dict[str, Any] = {} if setting is None else {"setting": setting}
    return token_row(f"aud {sentence}", verdict, {"aud": value, **more}, **options)


ROWS = rows(
    "audience",
    [
        aud(f"{value!r} is let in", LET_IN, value)
        for value in (
            AUDIENCE, [AUDIENCE], [AUDIENCE, "x"], ["x", AUDIENCE], ["x", "y", "z", AUDIENCE],
            [AUDIENCE, AUDIENCE], ["", AUDIENCE], ["client-1", AUDIENCE],
            [AUDIENCE, "https://tenant.auth0.com/userinfo"],
        )
    ],
    aud("of a thousand names with ours is let in", LET_IN, [f"a{n}" for n in range(1000)] + [AUDIENCE]),
    [
        aud(f"{value!r} is refused", OTHER, value)
        for value in (
            "", "x", [], [""], ["x"], AUDIENCE + "/", AUDIENCE.upper(), AUDIENCE[:-1], AUDIENCE + "x",
            AUDIENCE + "/orders", "https://api.example.com:443", "http://api.example.com", "api.example.com",
            "HTTPS://api.example.com", "https://API.example.com", " " + AUDIENCE, AUDIENCE + " ",
            AUDIENCE + "?", AUDIENCE + "#", "https://*.example.com", "*", "https://api.example.com*",
            "https://api.example.com.", f"{AUDIENCE} x", f"{AUDIENCE},x", f"x {AUDIENCE}", [f"{AUDIENCE} x"],
            [AUDIENCE + "/"], ["x", AUDIENCE.upper()], "client-1", ["client-1"], "account", ["account"],
            f'["{AUDIENCE}"]', "https://api.example.com%2F", "https://api.ex\u0430mple.com", AUDIENCE + "\u0000",
            "https://api.example.com@evil.example", AUDIENCE + "\n", "https://evil.example/" + AUDIENCE,
            "null", "undefined", "true", "https://\uff41pi.example.com", "urn:ietf:params:oauth:audience:any",
        )
    ],
    [
        aud(f"{value!r} is malformed", BAD, value)
        for value in (
            None, 1, 0, True, False, {}, {"aud": AUDIENCE}, {AUDIENCE: True}, 1.5, [1], [AUDIENCE, 1], [None],
            [AUDIENCE, None], [[AUDIENCE]], [AUDIENCE, ["x"]], [{}], [True], [AUDIENCE, {}],
        )
    ],
    [
        aud(f"{value!r} is one of our several names", LET_IN, value, SEVERAL)
        for value in ("api://orders", "5f7c8ec7", ["x", "5f7c8ec7"], [AUDIENCE, "api://orders"])
    ],
    [
        aud(f"{value!r} is none of our several names", INVALID, value, SEVERAL)
        for value in ("api://order", "api://orders/", "5F7C8EC7", "5f7c8ec7 api://orders", ABSENT, ["x"])
    ],
    aud("of this issuer's own setting is let in", LET_IN, "api://default", OWN),
    aud("of the guard where the issuer has its own is refused", OTHER, AUDIENCE, OWN),
    aud("absent, with a client of the list, is let in", sees(client_id="client-1", audience=[]), ABSENT, CLIENTS,
        token_use="access"),
    aud("absent, with another client of the list, is let in", LET_IN, ABSENT, CLIENTS, token_use="access",
        client_id="app-2"),
    aud("absent, with a client by azp, is let in", LET_IN, ABSENT, CLIENTS, token_use="access", client_id=ABSENT,
        azp="app-2"),
    aud("ours, with a client not of the list, is let in", LET_IN, AUDIENCE, CLIENTS, token_use="access", client_id="x"),
    aud("foreign, with a client of the list, is refused", OTHER, "x", CLIENTS, token_use="access"),
    aud("empty, with a client of the list, is refused", OTHER, [], CLIENTS, token_use="access"),
    aud("null, with a client of the list, is refused", BAD, None, CLIENTS, token_use="access"),
    *(
        aud(f"absent, with client_id {client!r}, is refused", INVALID, ABSENT, CLIENTS, token_use="access",
            client_id=client)
        for client in ("client-2", "CLIENT-1", "client-1 ", "", None, 1, ["client-1"], True, ABSENT, "client-1,app-2")
    ),
    *(
        aud(f"absent, with token_use {use!r}, is refused", INVALID, ABSENT, CLIENTS, token_use=use)
        for use in ("id", "ACCESS", "", None, 1, ["access"], ABSENT, "access ", True, "refresh")
    ),
    aud("absent, with client_id and azp that disagree, goes by client_id", INVALID, ABSENT, CLIENTS,
        token_use="access", client_id="x", azp="client-1"),
)  # fmt: skip
