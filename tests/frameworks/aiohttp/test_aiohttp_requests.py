"""What a guard sees of an aiohttp request: paths, parts of an application, addresses, forms."""

from __future__ import annotations

import gzip
import ssl
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from aiohttp_stage import application, ask, asked, exchanged, served, whose
from multidict import CIMultiDict
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import Guard, Rule
from bearer_guard.aiohttp import AiohttpRequest, access_token
from bearer_guard.testing import AuthorizationServer


async def let_in(request: web.Request) -> web.Response:
    return web.Response(text=request.match_info.get("name", "let in"))


# Paths


@pytest.mark.parametrize(
    "path", ["//health", "/health/", "/%2fhealth", "/health%2f", "/x/../health", "/%2e/health"]
)
def test_a_path_with_two_readings_is_not_public(guard: Guard, path: str) -> None:
    app = application(guard, web.get("/health", let_in), web.get("/{name:.*}", let_in))
    assert ask(app, {}, path).status == 401


def test_an_escaped_percent_sign_is_one(make_guard: MakeGuard, bearer: HeadersOf) -> None:
    guard = make_guard(rules=[Rule("/100%/**", scopes=["a"]), Rule("/b%2/c", scopes=["a"])])
    for path in ("/100%25/x", "/100%25%2fx", "/b%252/c"):
        app = application(guard, web.get("/{name:.*}", let_in))
        assert ask(app, bearer("b"), path).status == 403
        app = application(guard, web.get("/{name:.*}", let_in))
        assert ask(app, bearer("a"), path).status == 200


def test_an_escaped_letter_is_a_letter(guard: Guard, bearer: HeadersOf) -> None:
    def app() -> web.Application:
        return application(guard, web.get("/health", let_in), web.get("/{name:.*}", let_in))

    assert ask(app(), {}, "/%68ealth").body == b"let in"
    assert ask(app(), bearer("a"), "/%61dmin/users").status == 403


def test_an_escaped_slash_needs_the_scopes_of_both_readings(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    guard = make_guard(rules=[Rule("/orders/**", scopes=["a"]), Rule("/*", scopes=["b"])])
    # To aiohttp it is one segment.
    route = web.get("/{name}", let_in)
    assert ask(application(guard, route), bearer("b"), "/orders%2F1").scopes_needed == "b a"
    assert ask(application(guard, route), bearer("a", "b"), "/orders%2F1").body == b"orders/1"


def test_what_no_route_answers_needs_a_token_too(guard: Guard, bearer: HeadersOf) -> None:
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/orders", 405)):
        route = web.get("/orders", let_in)
        assert ask(application(guard, route), {}, path, method).status == 401
        assert ask(application(guard, route), bearer(), path, method).status == status


def test_a_target_that_is_no_path_needs_a_token() -> None:
    request = make_mocked_request("OPTIONS", "*")
    assert AiohttpRequest(request).path == "*"


@pytest.mark.anyio
@pytest.mark.parametrize("target", ["http://a.example/health", "http://a.example/orders", "*"])
async def test_other_forms_of_a_target_are_judged_by_their_path(guard: Guard, target: str) -> None:
    app = application(guard, web.get("/health", let_in))
    async with served(app) as client:
        request = f"OPTIONS {target} HTTP/1.1\nHost: a\nConnection: close\n\n"
        status = (await exchanged(client, request)).split()[1]
    # The path is public, and there is no such method.
    assert status == (b"405" if target.endswith("/health") else b"401")


# Parts of an application


def nested(inner: web.Application, *prefixes: str) -> web.Application:
    for prefix in reversed(prefixes):
        outer = web.Application()
        outer.add_subapp(prefix, inner)
        inner = outer
    return inner


@pytest.mark.parametrize("prefixes", [("/api",), ("/api", "/v1")])
def test_a_rule_of_a_part_sees_the_path_below_its_prefix(
    guard: Guard, bearer: HeadersOf, prefixes: tuple[str, ...]
) -> None:
    def app() -> web.Application:
        inner = application(guard, web.get("/health", let_in), web.get("/admin/users", let_in))
        return nested(inner, *prefixes)

    below = "".join(prefixes)
    assert ask(app(), {}, f"{below}/admin/users").scopes_needed == "admin:all"
    assert ask(app(), {}, f"{below}/health").body == b"let in"
    assert ask(app(), bearer("admin:all"), f"{below}/admin/users").body == b"let in"


def test_a_rule_of_the_whole_sees_the_whole_path(guard: Guard) -> None:
    inner = web.Application()
    inner.add_routes([web.get("/health", let_in)])
    app = application(guard)
    app.add_subapp("/api", inner)
    assert ask(app, {}, "/api/health").status == 401


def test_a_part_that_is_chosen_by_its_domain_has_no_prefix(guard: Guard) -> None:
    for path, status in (("/health", 200), ("/admin/users", 401)):
        app = web.Application()
        app.add_domain("a.example", application(guard, web.get("/health", let_in)))
        assert ask(app, {"host": "a.example"}, path).status == status


def test_the_other_parts_stay_open(guard: Guard) -> None:
    for path, status in (("/api/orders", 401), ("/open/orders", 200)):
        app, other = web.Application(), web.Application()
        other.add_routes([web.get("/orders", let_in)])
        app.add_subapp("/open", other)
        app.add_subapp("/api", application(guard, web.get("/orders", let_in)))
        assert ask(app, {}, path).status == status


def test_a_part_is_guarded_by_itself_and_by_the_whole(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    def app() -> web.Application:
        inner = application(make_guard(realm="inner", required_scopes=["b"]), web.get("/", whose))
        outer = application(make_guard(realm="outer", required_scopes=["a"]))
        outer.add_subapp("/api", inner)
        return outer

    for scopes, realm in (((), "outer"), (("a",), "inner")):
        refused = ask(app(), bearer(*scopes), "/api/")
        assert refused.status == 403
        assert f'realm="{realm}"' in refused["www-authenticate"]
    assert ask(app(), bearer("a", "b", subject="alice"), "/api/").body == b"alice"


# The view


def test_every_line_of_a_header_is_seen() -> None:
    headers = CIMultiDict([("Authorization", "a"), ("X-Other", "b"), ("AUTHORIZATION", "c")])
    view = AiohttpRequest(make_mocked_request("get", "/a%20b?c=%20d", headers=headers))
    assert view.header_values(b"authorization") == [b"a", b"c"]
    assert (view.method, view.path, view.raw_path) == ("GET", "/a b", "/a%20b")
    assert (view.query, view.form) == (b"c=%20d", b"")


@pytest.mark.anyio
async def test_the_url_is_that_of_the_socket_whatever_the_host_header_says(guard: Guard) -> None:
    async def url(request: web.Request) -> web.Response:
        return web.Response(text=AiohttpRequest(request).url)

    app = web.Application()
    app.add_routes([web.get("/{name:.*}", url)])
    async with served(app) as client:
        found = await asked(client, "GET", "/a%2fb?c=d", {"host": "evil.example"})
        assert found.body.decode() == f"http://127.0.0.1:{client.port}/a%2fb?c=d"


def test_on_a_socket_of_unix_there_is_no_such_address() -> None:
    class Transport:
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return {"sockname": "/run/api.sock"}.get(name, default)

    request = make_mocked_request("GET", "/a", transport=Transport())
    assert AiohttpRequest(request).url == "http://localhost/a"


@pytest.mark.anyio
async def test_the_clients_certificate_is_seen(tmp_path: Any) -> None:
    certificate = _self_signed(tmp_path)
    seen: list[bytes | None] = []

    async def look(request: web.Request) -> web.Response:
        seen.append(AiohttpRequest(request).client_certificate)
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/", look)])
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    serving.load_verify_locations(certificate)
    serving.verify_mode = ssl.CERT_OPTIONAL
    tls_server = TestServer(app)
    await tls_server.start_server(ssl=serving)
    async with TestClient(tls_server) as client:
        for with_certificate in (False, True):
            asking = ssl.create_default_context(cafile=certificate)
            asking.check_hostname = False
            if with_certificate:
                asking.load_cert_chain(certificate)
            headers = {"connection": "close"}
            url = client.make_url("/")
            async with client.session.get(url, ssl=asking, headers=headers) as answer:
                assert answer.status == 200
    der = ssl.PEM_cert_to_DER_cert(
        certificate.read_text("ascii").split("-----END PRIVATE KEY-----\n")[1]
    )
    assert seen == [None, der]


def _self_signed(folder: Any) -> Any:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(1))
        .not_valid_after(now + dt.timedelta(1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = folder / "client.pem"
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return path


# Tokens elsewhere than in the header


def test_a_token_in_the_query_keeps_good_answers_private(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    guard = make_guard(query_parameter=True)

    async def streams(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write_eof()
        return response

    async def says_better(request: web.Request) -> web.Response:
        return web.Response(headers={"Cache-Control": "no-store"})

    token = server.jwt()
    for handler, expected in ((whose, "private"), (streams, "private"), (says_better, "no-store")):
        route = web.get("/", handler)
        found = ask(application(guard, route), {}, f"/?access_token={token}")
        assert (found.status, found["cache-control"]) == (200, expected)
        header = {"authorization": f"Bearer {token}"}
        found = ask(application(guard, route), header)
        assert found["cache-control"] == (None if expected == "private" else expected)
    missing = ask(application(guard, web.get("/", whose)), {}, f"/nowhere?access_token={token}")
    assert (missing.status, missing["cache-control"]) == (404, None)

    async def moved(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/"})

    elsewhere = ask(application(guard, web.get("/", moved)), {}, f"/?access_token={token}")
    assert (elsewhere.status, elsewhere["cache-control"]) == (302, None)


async def reads_the_form(request: web.Request) -> web.Response:
    form = await request.post()
    text = await request.text()
    return web.Response(text=f"{access_token(request).subject} {form['order']} {len(text) > 100}")


FORM = "application/x-www-form-urlencoded"


def test_a_token_in_a_form_leaves_the_form_to_be_read(
    make_guard: MakeGuard, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    guard = make_guard(form_parameter=True)
    sent = urlencode({"access_token": server.jwt(subject="alice"), "order": "tea"})
    route = web.post("/", reads_the_form)
    headers = {"content-type": FORM}
    found = ask(application(guard, route), headers, method="POST", data=sent)
    assert found.body == b"alice tea True"
    both = ask(application(guard, route), headers | bearer(), method="POST", data=sent)
    assert (both.status, both["www-authenticate"].count("invalid_request")) == (400, 1)


async def in_pieces(text: str) -> Any:
    yield text.encode()


@pytest.mark.parametrize(
    "why", ["too_long", "longer_than_the_application_reads", "in_chunks", "compressed", "json"]
)
def test_a_form_that_cannot_be_put_back_is_not_searched(
    make_guard: MakeGuard, server: AuthorizationServer, bearer: HeadersOf, why: str
) -> None:
    sent: Any = urlencode({"access_token": server.jwt(), "order": "tea"})
    headers = {"content-type": "application/json" if why == "json" else FORM}
    limit = len(sent) - 1 if why == "too_long" else 65_536
    size = len(sent) - 1 if why == "longer_than_the_application_reads" else 0
    if why == "in_chunks":
        make: Any = lambda: in_pieces(sent)  # noqa: E731
    elif why == "compressed":
        headers["content-encoding"] = "gzip"
        make = lambda: gzip.compress(sent.encode())  # noqa: E731
    else:
        make = lambda: sent  # noqa: E731
    guard = make_guard(form_parameter=True, max_form_size=limit)

    async def counts(request: web.Request) -> web.Response:
        read = 0
        async for chunk in request.content.iter_any():
            read += len(chunk)
        return web.Response(text=str(read))

    def app() -> web.Application:
        return application(guard, web.post("/", counts), client_max_size=size)

    assert ask(app(), headers, method="POST", data=make()).status == 401
    # Nothing of it was read: the handler has it all.
    found = ask(app(), headers | bearer(), method="POST", data=make())
    assert found.body == str(len(sent)).encode()


def test_without_the_setting_no_form_is_read(guard: Guard, server: AuthorizationServer) -> None:
    sent = urlencode({"access_token": server.jwt(), "order": "tea"})
    app = application(guard, web.post("/", reads_the_form))
    assert ask(app, {"content-type": FORM}, method="POST", data=sent).status == 401
