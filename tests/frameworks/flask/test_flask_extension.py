"""``BearerGuard`` of Flask: its settings, where it keeps what, and that nothing comes before it."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, redirect, request
from flask_stage import bare, guarded, health, with_routes
from starlette_world import HeadersOf, MakeGuard
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from bearer_guard import Guard, Issuer, Rule, SettingsError
from bearer_guard.flask import BearerGuard, current_token
from bearer_guard.testing import AuthorizationServer

SETTINGS = {"audience": "https://api.example.com", "issuers": ["https://login.example.com/"]}


def test_its_settings_are_the_applications_own(authorization_server: AuthorizationServer) -> None:
    extension = BearerGuard()

    def create_app() -> Flask:
        app = bare()
        issuer = {"issuer": authorization_server.issuer, "leeway": 0}
        app.config["BEARER_GUARD"] = {**SETTINGS, "issuers": (issuer,), "public": ["/health"]}
        extension.init_app(app)
        return with_routes(app)

    client = create_app().test_client()
    good = {"authorization": f"Bearer {authorization_server.jwt(subject='alice')}"}
    assert client.get("/health").text == "well"
    assert client.get("/orders").status_code == 401
    assert client.get("/orders", headers=good).text == "for alice"


def test_they_are_read_from_flasks_prefixed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_BEARER_GUARD__audience", '"https://api.example.com"')
    monkeypatch.setenv("FLASK_BEARER_GUARD__issuers", '["https://login.example.com/"]')
    app = bare()
    app.config.from_prefixed_env()
    BearerGuard(app)
    assert app.test_client().get("/").status_code == 401


def test_the_extension_keeps_nothing_and_the_application_its_guard(make_guard: MakeGuard) -> None:
    extension, first, second = BearerGuard(), bare(), bare()
    guards = make_guard(realm="first"), make_guard(realm="second", public=["/orders"])
    for app, guard in zip((first, second), guards, strict=True):
        extension.init_app(app, guard=guard)
        app.add_url_rule("/orders", view_func=health)
        assert app.extensions["bearer_guard"] is guard
    assert vars(extension) == {}
    refused = first.test_client().get("/orders")
    assert refused.headers["www-authenticate"] == 'Bearer realm="first"'
    assert second.test_client().get("/orders").status_code == 200


def test_two_applications_in_one_process_have_each_their_own_verdict(
    make_guard: MakeGuard, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    outer = with_routes(guarded(make_guard(realm="outer")))
    issuers = [Issuer(server.issuer, audience="inner-api")]
    inner = with_routes(guarded(make_guard(realm="inner", issuers=issuers)))
    both = DispatcherMiddleware(outer, {"/inner": inner})

    def challenge(path: str, audience: str) -> str | None:
        from werkzeug.test import Client

        answer = Client(both).get(path, headers=bearer(audience=audience))
        return answer.headers.get("www-authenticate", "").partition(",")[0]

    assert challenge("/orders", server.audience) == ""
    assert challenge("/orders", "inner-api") == 'Bearer realm="outer"'
    assert challenge("/inner/orders", "inner-api") == ""
    assert challenge("/inner/orders", server.audience) == 'Bearer realm="inner"'


def test_a_guard_goes_with_its_application() -> None:
    app = bare()
    app.config["BEARER_GUARD"] = SETTINGS
    BearerGuard(app)
    gone = weakref.ref(app.extensions["bearer_guard"])
    del app
    gc.collect()
    assert gone() is None


# Before everything else


def test_a_stranger_does_not_learn_which_routes_there_are(guard: Guard, bearer: HeadersOf) -> None:
    client = with_routes(guarded(guard)).test_client()
    asked = [("GET", "/orders"), ("GET", "/nowhere"), ("DELETE", "/orders"), ("GET", "/orders/")]
    assert {client.open(path, method=method).status_code for method, path in asked} == {401}
    known = [client.open(path, method=method, headers=bearer()) for method, path in asked]
    assert [answer.status_code for answer in known] == [200, 404, 405, 404]


def test_nor_where_a_slash_is_missing(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)
    app.add_url_rule("/stock/", view_func=health)
    assert app.test_client().get("/stock").status_code == 401
    assert app.test_client().get("/stock", headers=bearer()).status_code == 308


def test_static_files_need_a_token_too(guard: Guard, bearer: HeadersOf, tmp_path: Path) -> None:
    (tmp_path / "price.txt").write_text("3")
    app = Flask(__name__, static_folder=str(tmp_path), static_url_path="/static")
    BearerGuard(app, guard=guard)
    client = app.test_client()
    assert client.get("/static/price.txt").status_code == 401
    with client.get("/static/price.txt", headers=bearer()) as found:
        assert found.text == "3"


@pytest.mark.parametrize("when", ["before", "after", "in the first place"])
def test_no_function_of_the_application_is_called_for_a_stranger(
    guard: Guard, bearer: HeadersOf, when: str
) -> None:
    called = []

    def preprocessor(endpoint: str | None, values: dict[str, Any] | None) -> None:
        called.append("url_value_preprocessor")
        abort(404)

    def before() -> None:
        called.append("before_request")

    app = bare()
    if when != "before":
        BearerGuard(app, guard=guard)
    app.url_value_preprocessor(lambda _endpoint, _values: None)
    app.url_value_preprocessor(preprocessor)
    if when == "in the first place":
        app.url_value_preprocessors[None].reverse()
    app.before_request(before)
    if when == "before":
        BearerGuard(app, guard=guard)
    client = with_routes(app).test_client()
    assert (client.get("/orders").status_code, called) == (401, [])
    assert client.get("/orders", headers=bearer()).status_code == 404
    assert called == ["url_value_preprocessor"]


class Untouched(BytesIO):
    def read(self, *arguments: Any) -> bytes:
        raise AssertionError("the body is not read")

    readinto = readline = read  # type: ignore[assignment]


def test_a_large_upload_is_refused_unread(guard: Guard) -> None:
    client = with_routes(guarded(guard)).test_client()
    body = Untouched()
    headers = {"content-length": "1000000000", "content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/write", input_stream=body, headers=headers)
    assert answer.status_code == 401


def test_the_rules_see_the_method_that_a_middleware_has_put_in(make_guard: MakeGuard) -> None:
    app = with_routes(guarded(make_guard(rules=[Rule("/**", methods=["DELETE"], scopes=["a"])])))
    inner = app.wsgi_app

    def override(environ: Any, start_response: Any) -> Any:
        environ["REQUEST_METHOD"] = environ.pop("HTTP_X_HTTP_METHOD_OVERRIDE", "GET")
        return inner(environ, start_response)

    app.wsgi_app = override  # type: ignore[method-assign]
    refused = app.test_client().get("/orders", headers={"x-http-method-override": "DELETE"})
    assert refused.headers["www-authenticate"].endswith('scope="a"')


def test_a_path_that_lacks_its_first_slash_needs_what_flask_takes_it_for(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    """Some servers pass ``/apiadmin/users`` on to an application that is mounted at ``/api``."""
    rules = [Rule("/admin/**", scopes=["admin:all"])]
    app = with_routes(guarded(make_guard(rules=rules, public=["/health"])))

    def status(path: str, headers: dict[str, str]) -> int:
        cut = {"SCRIPT_NAME": "/api", "PATH_INFO": path}
        return app.test_client().get(headers=headers, environ_overrides=cut).status_code

    assert status("admin/users", bearer("admin:all")) == 200
    assert status("admin/users", bearer("other")) == 403
    assert status("health", {}) == 401


# Tokens elsewhere than in the header


def test_a_form_is_there_for_the_view_as_well(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    app = guarded(make_guard(form_parameter=True))
    app.add_url_rule("/", view_func=lambda: request.form["more"], methods=["POST"])
    answer = app.test_client().post("/", data={"access_token": server.jwt(), "more": "tea"})
    assert answer.text == "tea"


def test_what_a_token_in_the_url_opens_is_for_nobody_else(
    make_guard: MakeGuard, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    app = with_routes(guarded(make_guard(query_parameter=True)))
    app.add_url_rule("/own", view_func=lambda: ("", {"cache-control": "no-store"}))
    app.add_url_rule("/moved", "moved", lambda: redirect("/orders"))
    client = app.test_client()

    def kept(path: str, **options: Any) -> str | None:
        return client.get(path, **options).headers.get("cache-control")

    query = {"access_token": server.jwt()}
    assert kept("/orders", query_string=query) == "private"
    assert kept("/own", query_string=query) == "no-store"
    assert kept("/nowhere", query_string=query) is None
    assert kept("/moved", query_string=query) is None
    assert kept("/orders", headers=bearer()) is None


def test_that_is_said_after_all_that_the_application_says(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    app = bare()

    @app.after_request
    def says_for_how_long(answer: Response) -> Response:
        answer.headers.setdefault("Cache-Control", "private, max-age=60")
        return answer

    BearerGuard(app, guard=make_guard(query_parameter=True))
    query = {"access_token": server.jwt()}
    found = with_routes(app).test_client().get("/orders", query_string=query)
    assert found.headers.getlist("cache-control") == ["private, max-age=60"]


# Set up wrongly


def test_without_settings_it_says_what_to_write() -> None:
    with pytest.raises(SettingsError, match=r'app.config\["BEARER_GUARD"\] is missing: write'):
        BearerGuard(bare())


def test_wrong_settings_are_refused_at_once() -> None:
    app = bare()
    app.config["BEARER_GUARD"] = {**SETTINGS, "verify": False}
    with pytest.raises(SettingsError, match="verify"):
        BearerGuard(app)
    assert app.extensions == {}


def test_a_guard_beside_settings_is_refused(guard: Guard) -> None:
    app = bare()
    app.config["BEARER_GUARD"] = SETTINGS
    with pytest.raises(SettingsError, match="leave one of them out"):
        BearerGuard(app, guard=guard)


def test_a_guard_without_an_application_is_refused(guard: Guard) -> None:
    with pytest.raises(SettingsError, match=r"init_app\(app, guard=guard\)"):
        BearerGuard(guard=guard)


def test_settings_in_place_of_a_guard_are_refused() -> None:
    with pytest.raises(SettingsError, match="guard must be a Guard"):
        BearerGuard(bare(), guard=SETTINGS)  # type: ignore[arg-type]


def test_a_second_guard_for_one_application_is_refused(guard: Guard) -> None:
    app = guarded(guard)
    with pytest.raises(SettingsError, match="call it once"):
        BearerGuard(app, guard=guard)


def test_an_application_that_has_answered_is_not_guarded_after_all(guard: Guard) -> None:
    app = with_routes(bare())
    app.test_client().get("/health")
    with pytest.raises(AssertionError, match="already handled its first request"):
        BearerGuard(app, guard=guard)


def test_an_application_without_a_guard_says_what_to_write() -> None:
    app = with_routes(bare())
    app.testing = True
    with pytest.raises(RuntimeError, match=r"write BearerGuard\(app\)"):
        app.test_client().post("/write")


def test_a_mounted_application_answers_at_its_root(guard: Guard, bearer: HeadersOf) -> None:
    from werkzeug.test import Client

    app = guarded(guard)
    app.add_url_rule("/", view_func=lambda: current_token.issuer)
    mounted = DispatcherMiddleware(NotFound(), {"/api": app})
    assert Client(mounted).get("/api").status_code == 401
    assert Client(mounted).get("/api/", headers=bearer()).status_code == 200


def test_without_flask_a_sentence_says_what_to_install() -> None:
    program = "import sys; sys.modules['flask'] = None; import bearer_guard.flask"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ImportError: bearer_guard.flask needs Flask: install bearer-guard[flask]" in done.stderr
