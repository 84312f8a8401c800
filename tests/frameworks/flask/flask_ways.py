"""Every way to ask for scopes, in Flask's words and in Quart's, which are the same."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple


class Kit(NamedTuple):
    """An application, and what its framework brings to build one."""

    app: Any
    Blueprint: Any
    View: Any
    MethodView: Any
    require_scopes: Any
    current_token: Any


Register = Callable[[Any], None]
WAYS: dict[str, Register] = {}
"""Each registers ``/``, which needs the scope ``a``."""


def way(register: Register) -> Register:
    WAYS[register.__name__] = register
    return register


@way
def a_function(kit: Any) -> None:
    @kit.app.get("/")
    @kit.require_scopes("a")
    def view() -> Any:
        return f"for {kit.current_token.subject}"


@way
def a_coroutine_function(kit: Any) -> None:
    @kit.app.get("/")
    @kit.require_scopes("a")
    async def view() -> Any:
        return f"for {kit.current_token.subject}"


@way
def a_function_above_its_route(kit: Any) -> None:
    @kit.require_scopes("a")
    @kit.app.get("/")
    def view() -> Any:
        return f"for {kit.current_token.subject}"


@way
def a_coroutine_function_above_its_route(kit: Any) -> None:
    @kit.require_scopes("a")
    @kit.app.get("/")
    async def view() -> Any:
        return f"for {kit.current_token.subject}"


def loud(view: Any) -> Any:
    """Somebody's decorator."""

    @functools.wraps(view)
    def louder(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return louder


@way
def above_a_route_that_decorates(kit: Any) -> None:
    """As extensions register functions: what they return is not what they register."""

    def route(view: Any) -> Any:
        kit.app.add_url_rule("/", view_func=loud(view))
        return view

    @kit.require_scopes("a")
    @route
    def view() -> Any:
        return f"for {kit.current_token.subject}"


@way
def between_two_decorators(kit: Any) -> None:
    @kit.app.get("/")
    @loud
    @kit.require_scopes("a")
    @loud
    def view() -> Any:
        return f"for {kit.current_token.subject}"


@way
def below_a_decorator_that_hides_it(kit: Any) -> None:
    def hide(view: Any) -> Any:
        return lambda: f"{view()}"

    @kit.app.get("/", endpoint="hidden")
    @hide
    @kit.require_scopes("a")
    def view() -> Any:
        return f"for {kit.current_token.subject}"


@way
def a_bound_method(kit: Any) -> None:
    class Orders:
        def read(self) -> Any:
            return f"for {kit.current_token.subject}"

    kit.app.add_url_rule("/", view_func=kit.require_scopes("a")(Orders().read))


@way
def a_partial(kit: Any) -> None:
    def view(whom: str) -> Any:
        return f"{whom} {kit.current_token.subject}"

    kit.app.add_url_rule("/", "partial", kit.require_scopes("a")(functools.partial(view, "for")))


@way
def a_class_by_its_decorators(kit: Any) -> None:
    class Orders(kit.View):
        decorators = [kit.require_scopes("a")]  # noqa: RUF012 - as Flask's documents write it

        def dispatch_request(self) -> Any:
            return f"for {kit.current_token.subject}"

    kit.app.add_url_rule("/", view_func=Orders.as_view("orders"))


@way
def a_class(kit: Any) -> None:
    @kit.require_scopes("a")
    class Orders(kit.MethodView):
        init_every_request = False

        def get(self) -> Any:
            return f"for {kit.current_token.subject}"

    kit.app.add_url_rule("/", view_func=Orders.as_view("orders"))


@way
def a_class_above_its_route(kit: Any) -> None:
    """As extensions register classes: ``@api.route("/")``."""

    def route(path: str) -> Any:
        def register(view: Any) -> Any:
            kit.app.add_url_rule(path, view_func=view.as_view("orders"))
            return view

        return register

    @kit.require_scopes("a")
    @route("/")
    class Orders(kit.MethodView):
        def get(self) -> Any:
            return f"for {kit.current_token.subject}"


@way
def a_class_whose_base_asks(kit: Any) -> None:
    @kit.require_scopes("a")
    class Base(kit.MethodView):
        pass

    class Orders(Base):
        def get(self) -> Any:
            return f"for {kit.current_token.subject}"

    kit.app.add_url_rule("/", view_func=Orders.as_view("orders"))


@way
def a_method_of_a_class(kit: Any) -> None:
    class Orders(kit.MethodView):
        @kit.require_scopes("a")
        def get(self) -> Any:
            return f"for {kit.current_token.subject}"

    kit.app.add_url_rule("/", view_func=Orders.as_view("orders"))


@way
def a_coroutine_method_of_a_class(kit: Any) -> None:
    class Orders(kit.MethodView):
        @kit.require_scopes("a")
        async def get(self) -> Any:
            return f"for {kit.current_token.subject}"

    kit.app.add_url_rule("/", view_func=Orders.as_view("orders"))


@way
def a_blueprint(kit: Any) -> None:
    blueprint = kit.require_scopes("a")(kit.Blueprint("orders", __name__))
    blueprint.add_url_rule("/", view_func=lambda: f"for {kit.current_token.subject}")
    kit.app.register_blueprint(blueprint)


@way
def a_blueprint_around_another(kit: Any) -> None:
    outer, inner = kit.Blueprint("outer", __name__), kit.Blueprint("inner", __name__)
    kit.require_scopes("a")(outer)
    inner.add_url_rule("/", view_func=lambda: f"for {kit.current_token.subject}")
    outer.register_blueprint(inner)
    kit.app.register_blueprint(outer)


@way
def a_view_of_a_blueprint_above_its_route(kit: Any) -> None:
    blueprint = kit.Blueprint("orders", __name__)

    @kit.require_scopes("a")
    @blueprint.get("/")
    def view() -> Any:
        return f"for {kit.current_token.subject}"

    kit.app.register_blueprint(blueprint)


@way
def a_function_before_the_requests_of_a_blueprint(kit: Any) -> None:
    blueprint = kit.Blueprint("orders", __name__)

    @blueprint.before_request
    @kit.require_scopes("a")
    def before() -> None: ...

    blueprint.add_url_rule("/", view_func=lambda: f"for {kit.current_token.subject}")
    kit.app.register_blueprint(blueprint)
