"""``require_scopes`` and ``require_any_scope`` on every kind of view, and above ``route`` too."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView, View
from flask_stage import guarded
from flask_ways import WAYS, Kit, Register, loud
from starlette_world import HeadersOf

from bearer_guard import Guard
from bearer_guard.flask import current_token, require_any_scope, require_scopes

FORBIDDEN = (
    'Bearer realm="api", error="insufficient_scope", '
    'error_description="The access token grants too little.", scope="{}"'
)


def kit(app: Flask) -> Kit:
    return Kit(app, Blueprint, View, MethodView, require_scopes, current_token)


@pytest.mark.parametrize("register", WAYS.values(), ids=list(WAYS))
def test_it_needs_its_scope(register: Register, guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)
    register(kit(app))
    client = app.test_client()
    refused = client.get("/", headers=bearer("other"))
    assert (refused.status_code, refused.headers["www-authenticate"]) == (
        403,
        FORBIDDEN.format("a"),
    )
    assert client.get("/", headers=bearer("a", subject="alice")).text == "for alice"
    assert client.get("/").status_code == 401


def of_several(app: Flask) -> None:
    @app.get("/all")
    @require_scopes("a", "b")
    def every() -> Any:
        return "let in"

    @app.get("/any")
    @require_any_scope("a", "b")
    def some() -> Any:
        return "let in"

    @app.get("/both")
    @require_scopes("a")
    @require_any_scope("b", "c")
    def both() -> Any:
        return "let in"

    @require_any_scope("b", "c")
    @app.get("/split")
    @require_scopes("a")
    def split() -> Any:
        return "let in"


@pytest.mark.parametrize(
    ("path", "granted", "missing"),
    [
        ("/all", ("a", "b", "c"), None),
        ("/all", ("a",), "a b"),
        ("/any", ("b",), None),
        ("/any", ("c",), "a b"),
        ("/both", ("a", "c"), None),
        ("/both", ("c",), "a"),
        ("/both", ("a",), "b c"),
        ("/split", ("a", "b"), None),
        ("/split", ("b",), "a"),
        ("/split", ("a",), "b c"),
    ],
)
def test_scopes_means_all_of_them_and_any_scope_one(
    guard: Guard, bearer: HeadersOf, path: str, granted: tuple[str, ...], missing: str | None
) -> None:
    app = guarded(guard)
    of_several(app)
    answer = app.test_client().get(path, headers=bearer(*granted))
    if missing is None:
        assert answer.text == "let in"
    else:
        assert answer.headers["www-authenticate"] == FORBIDDEN.format(missing)


def test_each_method_of_a_class_has_its_own(guard: Guard, bearer: HeadersOf) -> None:
    class Orders(MethodView):
        @require_scopes("read")
        def get(self) -> Any:
            return "read"

        @require_scopes("write")
        def post(self) -> Any:
            return "written"

    app = guarded(guard)
    app.add_url_rule("/", view_func=Orders.as_view("orders"))
    client = app.test_client()
    assert client.get("/", headers=bearer("read")).text == "read"
    assert client.head("/", headers=bearer("write")).status_code == 403
    assert client.post("/", headers=bearer("read")).status_code == 403
    assert client.post("/", headers=bearer("write")).text == "written"


def test_another_view_of_the_same_class_is_not_held_to_what_a_subclass_asks(
    guard: Guard, bearer: HeadersOf
) -> None:
    class Orders(MethodView):
        def get(self) -> Any:
            return "let in"

    @require_scopes("a")
    class Guarded(Orders):
        pass

    app = guarded(guard)
    app.add_url_rule("/", view_func=Orders.as_view("orders"))
    app.add_url_rule("/guarded", view_func=Guarded.as_view("guarded"))
    client = app.test_client()
    assert client.get("/", headers=bearer()).text == "let in"
    assert client.get("/guarded", headers=bearer()).status_code == 403


def test_a_subclass_with_decorators_of_its_own_is_held_to_what_its_parent_asks(
    guard: Guard, bearer: HeadersOf
) -> None:
    @require_scopes("a")
    class Guarded(MethodView):
        def get(self) -> Any:
            return "let in"

    class Child(Guarded):
        decorators: ClassVar[list[Any]] = [lambda view: view]

    app = guarded(guard)
    app.add_url_rule("/", view_func=Child.as_view("child"))
    client = app.test_client()
    assert client.get("/", headers=bearer()).status_code == 403
    assert client.get("/", headers=bearer("a")).text == "let in"


here = Blueprint("here", __name__)


@require_scopes("a")
@here.get("/above")
def above() -> Any:
    return "let in"


def bare() -> Any:
    return "let in"


def test_a_function_that_is_registered_twice_is_held_to_its_scopes_where_they_stand(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = guarded(guard)
    app.register_blueprint(here)
    app.add_url_rule("/guarded", "guarded", require_scopes("a")(bare))
    app.add_url_rule("/bare", "bare", bare)
    app.add_url_rule("/louder", "louder", loud(bare))
    client = app.test_client()
    paths = ("/above", "/guarded", "/bare", "/louder")
    found = [client.get(path, headers=bearer()).status_code for path in paths]
    assert found == [403, 403, 200, 200]


def test_no_scopes_at_all_mean_any_token_on_a_public_path_too(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = guarded(guard)
    app.add_url_rule("/health", view_func=require_scopes()(lambda: "let in"))
    refused = app.test_client().get("/health")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="api"')


PREFLIGHT = {"origin": "https://a.example", "access-control-request-method": "GET"}


@pytest.mark.parametrize(
    "name", ["a_function", "a_function_above_its_route", "a_class", "a_blueprint"]
)
def test_a_preflight_passes_by_every_decorator(guard: Guard, bearer: HeadersOf, name: str) -> None:
    app = guarded(guard)
    WAYS[name](kit(app))
    client = app.test_client()
    answer = client.options("/", headers=PREFLIGHT)
    assert (answer.status_code, "GET" in answer.headers["allow"]) == (200, True)
    assert client.options("/").status_code == 401
    assert client.options("/", headers=bearer()).status_code == 200


def test_a_view_that_answers_options_itself_is_held_to_its_decorators(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = guarded(guard)
    blueprint = require_scopes("a")(Blueprint("orders", __name__))
    blueprint.add_url_rule("/blueprint", view_func=lambda: "let in", methods=["OPTIONS"])
    app.register_blueprint(blueprint)

    @require_scopes("a")
    @app.route("/above", methods=["OPTIONS"])
    def view() -> Any:
        return "let in"

    for path in ("/blueprint", "/above"):
        client = app.test_client()
        assert client.options(path, headers=PREFLIGHT).status_code == 401
        assert client.options(path, headers=bearer("b")).status_code == 403
        assert client.options(path, headers=bearer("a")).text == "let in"


def test_a_route_that_was_added_to_the_map_by_hand_is_guarded_too(
    guard: Guard, bearer: HeadersOf
) -> None:
    from werkzeug.routing import Rule

    app = guarded(guard)
    app.url_map.add(Rule("/", endpoint="view"))
    app.view_functions["view"] = require_scopes("a")(lambda: "let in")
    assert app.test_client().get("/", headers=bearer("b")).status_code == 403
    assert app.test_client().get("/", headers=bearer("a")).text == "let in"


def test_arguments_of_the_url_reach_the_view(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)

    @app.get("/<int:number>")
    @require_scopes("a")
    def view(number: int) -> Any:
        return str(number + 1)

    assert app.test_client().get("/41", headers=bearer("a")).text == "42"
