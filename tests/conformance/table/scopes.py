"""What a token grants: exact members of a set (RFC 6749 section 3.3, RFC 6750 section 3.1)."""

from __future__ import annotations

from typing import Any

from bearer_guard import Rule
from conformance.rows import Row, Step, bearer, one, request, rows
from conformance.tokens import ABSENT
from conformance.verdicts import EXPIRED, INVALID, LET_IN, MISSING, Verdict, sees, too_little
from conformance.world import Setting, World

REQUIRED = Setting(guard={"required_scopes": ["read"]}, warm={"scope": "read"})
TWO = Setting(guard={"required_scopes": ["read", "write"]}, warm={"scope": "read write"})
LISTED = Setting(
    issuer={"scope_may_be_list": True},
    guard={"required_scopes": ["read"]},
    warm={"scope": ["read"]},
)
OTHER_CLAIM = Setting(
    issuer={"scope_claims": ["permissions", "roles"]}, guard={"required_scopes": ["read"]},
    warm={"permissions": ["read"]},
)  # fmt: skip
IMPLIED = Setting(
    guard={
        "required_scopes": ["read"],
        "expand_scopes": lambda granted: {"read", "write"} if "admin" in granted else set(),
    },
    warm={"scope": "admin"},
)
RULED = Setting(
    guard={
        "rules": [
            Rule("/orders/special", scopes=["special"]),
            Rule("/orders/**", methods=["POST", "DELETE"], scopes=["orders:write", "orders:read"]),
            Rule("/orders/**", methods=["GET"], scopes=["orders:read"]),
            Rule("/any", any_scope=["a", "b"]),
            Rule("/items/*/parts", scopes=["parts"]),
            Rule("/admin/**", scopes=["admin"]),
        ]
    }
)


def needs_read(sentence: str, granted: bool, setting: Setting = REQUIRED, **claims: Any) -> Row:
    return one(f"read is {'granted' if granted else 'not granted'} by {sentence}",
               lambda world: bearer(world.jwt(claims)), LET_IN if granted else too_little("read"), setting=setting)  # fmt: skip


STRINGS = [
    needs_read(f"scope {scope!r}", granted, scope=scope)
    for scope, granted in (
        ("read", True), ("read write", True), ("write read", True), ("a read b", True), ("read read", True),
        (" read", True), ("read ", True), ("write  read", True), ("openid profile email read", True),
        ("Read", False), ("READ", False), ("reader", False), ("rea", False), ("orders:read", False),
        ("read:all", False), ("read,write", False), ("write,read", False), ("write\tread", False),
        ("write\nread", False), ("read\u00a0write", False), ("write\u2003read", False), ("read\u0000", False),
        ("", False), (" ", False), ("*", False), ("re*", False), ("%72ead", False), ('"read"', False),
        ("read;write", False), ("read+write", False), ("\u0433ead", False), ("r\u0435ad", False), ("read\r", False),
        ("write\x0bread", False), ("write\x0cread", False), ("write\u0085read", False), ("write\u2028read", False),
        ("-read", False), ("!read", False), ("read\u200b", False),
    )
] + [
    needs_read(f"scope {scope!r}", False, scope=scope)
    for scope in (None, 1, True, {}, {"read": True}, ["read"], [], [["read"]], ABSENT)
]  # fmt: skip
LISTS = [
    needs_read(f"{claim} {value!r}", granted, scope=ABSENT, **{claim: value})
    for claim, value, granted in (
        ("scp", ["read"], True), ("scp", "read", True), ("scp", "write read", True), ("scp", ["write", "read"], True),
        ("scp", ["read write"], False), ("scp", ["Read"], False), ("scp", [1, "read"], True), ("scp", [None], False),
        ("scp", {"read": 1}, False), ("scp", None, False), ("scp", [["read"]], False), ("scp", [], False),
        ("scp", True, False), ("scp", [""], False), ("roles", ["read"], False), ("permissions", ["read"], False),
        ("scopes", "read", False), ("Scope", "read", False), ("realm_access", {"roles": ["read"]}, False),
    )
] + [
    needs_read("scp beside a scope that lacks it", False, scope="write", scp=["read"]),
    needs_read("scope where it may be a list", True, LISTED, scope=["write", "read"]),
    needs_read("scope as a string where it may be a list", True, LISTED, scope="write read"),
    needs_read("a list that holds no strings", False, LISTED, scope=[1, None, ["read"], {"read": 1}]),
    needs_read("a list with read among others than strings", True, LISTED, scope=[1, "read"]),
    needs_read("a list with a string of two", False, LISTED, scope=["write read"]),
    needs_read("permissions where the settings name them", True, OTHER_CLAIM, permissions=["read"]),
    needs_read("roles where the settings name them second", True, OTHER_CLAIM, roles=["read"]),
    needs_read("scope where the settings name other claims", False, OTHER_CLAIM, scope="read"),
    needs_read("permissions first, roles second", False, OTHER_CLAIM, permissions=["x"], roles=["read"]),
    needs_read("what admin implies", True, IMPLIED, scope="admin"),
    needs_read("itself where scopes imply others", True, IMPLIED, scope="read"),
    needs_read("what implies nothing", False, IMPLIED, scope="adm"),
]  # fmt: skip
SEVERAL = [
    one(f"scope {scope!r} where read and write are needed is {verdict.status}",
        lambda world, scope=scope: bearer(world.jwt({"scope": scope})), verdict, setting=TWO)
    for scope, verdict in (
        ("read write", LET_IN), ("write read admin", LET_IN), ("read", too_little("read write")),
        ("write", too_little("read write")), ("", too_little("read write")), ("read  write", LET_IN),
        ("readwrite", too_little("read write")), ("read-write", too_little("read write")),
    )
] + [
    one("no token where scopes are needed names them without an error",
        lambda world: request(), MISSING.but(scope="read write"), setting=TWO),
    one("an expired token where scopes are needed is expired, not short of scope",
        lambda world: bearer(world.jwt({"exp": 1, "scope": "x"})), EXPIRED, setting=TWO),
    one("a foreign token where scopes are needed is invalid, not short of scope",
        lambda world: bearer(world.jwt({"aud": "x", "scope": "x"})), INVALID, setting=TWO),
]  # fmt: skip


def ruled(method: str, target: str, scope: str | None, verdict: Verdict) -> Row:
    def build(world: World) -> bytes:
        if scope is None:
            return request(method, target)
        return bearer(world.jwt({"scope": scope}), method=method, target=target)

    return one(
        f"{method} {target} with {scope!r} is {verdict.status}", build, verdict, setting=RULED
    )


READ, WRITE = too_little("orders:read"), too_little("orders:write orders:read")
BY_RULE = [
    ruled("GET", "/orders", "orders:read", LET_IN),
    ruled("GET", "/orders", "x", READ),
    ruled("GET", "/orders", "", READ),
    ruled("GET", "/orders/", "x", READ),
    ruled("GET", "/orders/1", "x", READ),
    ruled("GET", "/orders/1/2/3", "x", READ),
    ruled("GET", "/orders?x=1", "x", READ),
    ruled("GET", "/orders/1", "orders:read", LET_IN),
    ruled("HEAD", "/orders/1", "x", READ),
    ruled("HEAD", "/orders/1", "orders:read", LET_IN),
    ruled("POST", "/orders", "orders:read", WRITE),
    ruled("POST", "/orders", "orders:write", WRITE),
    ruled("POST", "/orders", "orders:write orders:read", LET_IN),
    ruled("DELETE", "/orders/1", "orders:read", WRITE),
    ruled("PUT", "/orders/1", "x", LET_IN),
    ruled("PATCH", "/orders/1", "x", LET_IN),
    ruled("GET", "/orders/special", "orders:read", too_little("special")),
    ruled("GET", "/orders/special", "special", LET_IN),
    ruled("GET", "/orders/special/", "orders:read", too_little("special")),
    ruled("GET", "/orders/special/1", "orders:read", LET_IN),
    ruled("GET", "/ordersx", "x", LET_IN),
    ruled("GET", "/any", "a", LET_IN),
    ruled("GET", "/any", "b c", LET_IN),
    ruled("GET", "/any", "c", too_little("a b")),
    ruled("GET", "/items/7/parts", "x", too_little("parts")),
    ruled("GET", "/items/7/8/parts", "x", LET_IN),
    ruled("GET", "/items//parts", "x", LET_IN),
    ruled("GET", "/admin", "x", too_little("admin")),
    ruled("GET", "/admin/", "x", too_little("admin")),
    ruled("GET", "/admin/x", "x", too_little("admin")),
    ruled("GET", "/x/../admin", "x", too_little("admin")),
    ruled("GET", "/x/%2e%2e/admin", "x", too_little("admin")),
    ruled("GET", "//admin", "x", too_little("admin")),
    ruled("GET", "/./admin", "x", too_little("admin")),
    ruled("GET", "/%61dmin", "x", too_little("admin")),
    ruled("GET", "/admin%2fx", "x", too_little("admin")),
    ruled("GET", "/x%2f..%2fadmin", "x", too_little("admin")),
    ruled("GET", "/orders/../admin", "orders:read", too_little("orders:read admin")),
    ruled("GET", "/orders", None, MISSING.but(scope="orders:read")),
    ruled("POST", "/orders", None, MISSING.but(scope="orders:write orders:read")),
    ruled("HEAD", "/orders", None, MISSING.but(scope="orders:read")),
    ruled("GET", "/any", None, MISSING.but(scope="a b")),
    ruled("GET", "/other", None, MISSING),
    ruled("GET", "/other", "", LET_IN),
]  # fmt: skip
BY_RULE = [row for row in BY_RULE if row.sentence.split()[1] != "/orders/../admin"]

IN_HANDLER = [
    one(f"a handler that needs {path!r} with scope {scope!r} is {verdict.status}",
        lambda world, path=path, scope=scope: bearer(world.jwt({"scope": scope}), target=path), verdict)
    for path, scope, verdict in (
        ("/needs/orders:write", "orders:read", too_little("orders:write")),
        ("/needs/orders:write", "orders:write", LET_IN),
        ("/needs/a+b", "a", too_little("a b")),
        ("/needs/a+b", "a b", LET_IN),
        ("/needs-any/a+b", "b", LET_IN),
        ("/needs-any/a+b", "c", too_little("a b")),
        ("/needs/a", "", too_little("a")),
    )
] + [
    one("the handler sees exactly what was granted", lambda world: bearer(world.jwt({"scope": "b a  a c"})),
        sees(scopes=["a", "b", "c"])),
    one("the handler sees subject, client, issuer and audience", lambda world: bearer(world.jwt()),
        sees(subject="user-1", client_id="client-1", audience=["https://api.example.com"])),
]  # fmt: skip

PER_REQUEST = [
    Row("a remembered token is judged anew for each path", (
        Step(lambda world: _kept(world, "/orders"), LET_IN),
        Step(lambda world: _kept(world, "/admin"), too_little("admin")),
        Step(lambda world: _kept(world, "/orders"), LET_IN),
    ), Setting(guard={"rules": [Rule("/admin/**", scopes=["admin"])]}, fresh=True)),
]  # fmt: skip


def _kept(world: World, target: str) -> bytes:
    token = world.notes.setdefault("token", world.jwt())
    return bearer(token, target=target)


ROWS = rows("scope", STRINGS, LISTS, SEVERAL, BY_RULE, IN_HANDLER, PER_REQUEST)
