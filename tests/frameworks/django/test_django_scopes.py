"""Views that ask for scopes, written in every way that people write them."""

from __future__ import annotations

from typing import Any

import django
import pytest
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from django.views.generic import TemplateView
from django_world import BEARER, HeadersOf, Options, Way, project, urls

from bearer_guard import BearerError, MissingToken
from bearer_guard.django import (
    RequireScopesMixin,
    access_token,
    require_any_scope,
    require_scopes,
)

needs = require_scopes("orders:read", "orders:write")
needs_one = require_any_scope("clerk", "admin")


def plain(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return HttpResponse("let in")


async def plain_async(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return HttpResponse("let in")


class Plain(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("let in")


class PlainAsync(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("let in")


class OnMethod(View):
    @needs
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("let in")


class OnAsyncMethod(View):
    @needs
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("let in")


class ByMethodDecorator(View):
    @method_decorator(needs)
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("let in")


@method_decorator([csrf_exempt, needs], name="dispatch")
class ByMethodDecoratorOfTheClass(Plain):
    pass


@method_decorator(needs, name="dispatch")
class ByMethodDecoratorOfTheAsyncClass(PlainAsync):
    pass


@needs
class Decorated(Plain):
    pass


@needs
class DecoratedAsync(PlainAsync):
    pass


class Derived(Decorated):
    pass


class Mixed(RequireScopesMixin, Plain):
    required_scopes = ("orders:read", "orders:write")


class MixedAsync(RequireScopesMixin, PlainAsync):
    required_scopes = ("orders:read", "orders:write")


class MixedByAsView(RequireScopesMixin, Plain):
    pass


def by_request_as_keyword(request: HttpRequest) -> HttpResponse:
    return needs(plain)(request=request)  # type: ignore[no-any-return]


def asking_the_token(request: HttpRequest) -> HttpResponse:
    access_token(request).require_scopes("orders:read", "orders:write")
    return HttpResponse("let in")


async def asking_the_token_async(request: HttpRequest) -> HttpResponse:
    access_token(request).require_scopes("orders:read", "orders:write")
    return HttpResponse("let in")


class AskingInItsTemplate(SimpleTemplateResponse):
    def __init__(self, request: HttpRequest) -> None:
        super().__init__("none.html")
        self.asked = request

    @property
    def rendered_content(self) -> str:
        access_token(self.asked).require_scopes("orders:read", "orders:write")
        return "let in"


ALL_OF = {
    "function": needs(plain),
    "async_function": needs(plain_async),
    "outermost": needs(csrf_exempt(require_http_methods(["GET"])(plain))),
    "innermost": csrf_exempt(require_http_methods(["GET"])(needs(plain))),
    "around_as_view": needs(Plain.as_view()),
    "around_as_view_async": needs(PlainAsync.as_view()),
    "method": OnMethod.as_view(),
    "async_method": OnAsyncMethod.as_view(),
    "method_decorator": ByMethodDecorator.as_view(),
    "method_decorator_of_class": ByMethodDecoratorOfTheClass.as_view(),
    "method_decorator_of_async_class": ByMethodDecoratorOfTheAsyncClass.as_view(),
    "class": Decorated.as_view(),
    "async_class": DecoratedAsync.as_view(),
    "derived_class": Derived.as_view(),
    "mixin": Mixed.as_view(),
    "mixin_async": MixedAsync.as_view(),
    "mixin_as_view": MixedByAsView.as_view(required_scopes=["orders:read", "orders:write"]),
    "within_one_that_needs_a_good_token": require_scopes()(needs(plain)),
    "keyword": by_request_as_keyword,
    "token": asking_the_token,
    "token_async": asking_the_token_async,
    "template": AskingInItsTemplate,
}
if django.VERSION >= (5, 0):
    # Before, Django's own decorators made a sync view of an async one.
    ALL_OF |= {
        "outermost_async": needs(csrf_exempt(plain_async)),
        "innermost_async": csrf_exempt(needs(plain_async)),
    }
ONE_OF = {
    "function": needs_one(plain),
    "async_function": needs_one(plain_async),
    "mixin": type("One", (RequireScopesMixin, Plain), {"required_any_scope": ["clerk", "admin"]}),
    "class": needs_one(type("Decorated", (Plain,), {})),
}
ONE_OF = {
    name: view.as_view() if isinstance(view, type) else view  # type: ignore[attr-defined]
    for name, view in ONE_OF.items()
}


def challenge(scopes: str) -> str:
    return (
        'Bearer realm="api", error="insufficient_scope", '
        f'error_description="The access token grants too little.", scope="{scopes}"'
    )


@pytest.mark.parametrize("view", ALL_OF.values(), ids=ALL_OF)
def test_all_of_the_scopes_are_needed(
    view: Any, options: Options, bearer: HeadersOf, way: Way
) -> None:
    with project(options(), urls(orders=view)):
        good = way(headers=bearer("orders:read", "orders:write"))
        assert (good.status, good.body) == (200, b"let in")
        for granted in ("orders:read", "orders:write", "orders:read:write", "ORDERS:READ"):
            refused = way(headers=bearer(granted))
            assert refused.status == 403
            assert refused.header("www-authenticate") == challenge("orders:read orders:write")
            assert refused.header("content-type") == "application/problem+json"


@pytest.mark.parametrize("view", ONE_OF.values(), ids=ONE_OF)
def test_one_of_the_scopes_is_enough(
    view: Any, options: Options, bearer: HeadersOf, way: Way
) -> None:
    with project(options(), urls(orders=view)):
        assert way(headers=bearer("clerk")).status == 200
        assert way(headers=bearer("other", "admin")).status == 200
        refused = way(headers=bearer("other"))
        assert (refused.status, refused.header("www-authenticate")) == (
            403,
            challenge("clerk admin"),
        )


@pytest.mark.parametrize("view", [needs(plain), needs(plain_async), Mixed.as_view()])
def test_without_a_token_nobody_comes_as_far_as_the_view(
    view: Any, options: Options, way: Way
) -> None:
    with project(options(), urls(orders=view)):
        refused = way()
    assert (refused.status, refused.header("www-authenticate")) == (401, 'Bearer realm="api"')


@pytest.mark.parametrize("view", [needs(plain), needs(plain_async), Mixed.as_view()])
def test_a_view_that_asks_for_scopes_is_closed_on_a_public_path_too(
    view: Any, options: Options, bearer: HeadersOf, way: Way
) -> None:
    with project(options(public=["/orders"]), urls(orders=view)):
        assert way().status == 401
        assert way(headers=bearer("orders:read", "orders:write")).status == 401


def test_both_of_a_mixins_attributes_are_asked_for(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    class Both(RequireScopesMixin, Plain):
        required_scopes = ("orders:read",)
        required_any_scope = ("clerk", "admin")

    with project(options(), urls(orders=Both.as_view())):
        assert way(headers=bearer("orders:read", "admin")).status == 200
        assert way(headers=bearer("orders:read")).header("www-authenticate") == challenge(
            "clerk admin"
        )
        assert way(headers=bearer("admin")).header("www-authenticate") == challenge("orders:read")


def test_a_mixin_that_names_nothing_needs_a_good_token(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    class Anyone(RequireScopesMixin, Plain):
        pass

    with project(options(), urls(orders=Anyone.as_view(), health=Anyone.as_view())):
        assert way(headers=bearer()).status == 200
        assert way().status == 401


def test_one_method_may_need_more_than_the_others(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    class Orders(RequireScopesMixin, Plain):
        required_scopes = ("orders:read",)

        @require_scopes("orders:write")
        def post(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse("written")

    with project(options(), urls(orders=Orders.as_view())):
        assert way(headers=bearer("orders:read")).status == 200
        assert way(headers=bearer("orders:read"), method="POST").status == 403
        assert way(headers=bearer("orders:read", "orders:write"), method="POST").status == 200
        assert way(headers=bearer("orders:write"), method="POST").status == 403
        assert way(headers=bearer("orders:read"), method="HEAD").status == 200
        assert way(headers=bearer("orders:read"), method="DELETE").status == 405
        assert way(headers=bearer("orders:read"), method="OPTIONS").status == 200


def test_what_a_decorator_is_given_stays_what_it_is() -> None:
    guarded = needs(csrf_exempt(plain))
    assert (guarded.__name__, guarded.__doc__) == ("plain", plain.__doc__)
    assert guarded.csrf_exempt is True  # type: ignore[attr-defined]
    assert Decorated.__name__ == "Decorated"


def test_a_generic_view_of_djangos_takes_the_mixin(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    class Page(RequireScopesMixin, TemplateView):
        template_name = "page.html"
        required_scopes = ("page",)

    templates = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [("django.template.loaders.locmem.Loader", {"page.html": "a page"})]
            },
        }
    ]
    with project(options(), urls(orders=Page.as_view()), TEMPLATES=templates):
        assert way(headers=bearer("page")).body == b"a page"
        assert way(headers=bearer("other")).status == 403


class Answering:
    """A middleware of a project's own that words its refusals itself."""

    sync_capable = async_capable = True

    def __new__(cls, get_response: Any) -> Any:
        get_response.process_exception = cls.process_exception
        return get_response

    @staticmethod
    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, MissingToken):
            return None
        assert isinstance(exception, BearerError)
        return HttpResponse(exception.reason, status=418)


@pytest.mark.parametrize("view", [needs(plain), needs(plain_async), Mixed.as_view()])
def test_a_projects_own_answer_to_an_error_wins(
    view: Any, options: Options, bearer: HeadersOf, way: Way
) -> None:
    with project(options(), urls(orders=view), [BEARER, f"{__name__}.Answering"]):
        found = way(headers=bearer("other"))
        assert (found.status, found.body) == (418, b"scope_insufficient")
    with project(options(public=["/**"]), urls(orders=view), [BEARER, f"{__name__}.Answering"]):
        assert way().status == 401
