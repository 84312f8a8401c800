"""Errors: each refusal is told once, tokens to nobody, and Django's own pages are as ever."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.log import AdminEmailHandler
from django.views.debug import get_default_exception_reporter_filter
from django_world import AWAY, BEARER, HeadersOf, Options, Way, project, urls

from bearer_guard import AuthorizationServerUnavailable
from bearer_guard.django import access_token, require_scopes
from bearer_guard.testing import AuthorizationServer


def orders(request: HttpRequest) -> HttpResponse:
    return HttpResponse("let in")


def raises(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a bug")


async def raises_async(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a bug")


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, str]]]:
    """Every record, by logger and level, since it was last asked."""
    caplog.set_level(logging.DEBUG, "bearer_guard")
    caplog.set_level(logging.DEBUG, "django.request")

    def records() -> list[tuple[str, str]]:
        found = [(record.name, record.levelname) for record in caplog.records]
        caplog.clear()
        return [each for each in found if each[0] in ("bearer_guard", "django.request")]

    return records


def test_each_refusal_is_one_record_of_the_guards_and_none_of_djangos(
    options: Options,
    bearer: HeadersOf,
    server: AuthorizationServer,
    way: Way,
    told: Any,
) -> None:
    def outage(request: HttpRequest) -> HttpResponse:
        raise AuthorizationServerUnavailable("upstream_timeout")

    routes = urls(
        orders=require_scopes("a")(orders), asking=require_scopes("a")(orders), outage=outage
    )
    given = options(issuers=[server.issuer, AWAY], rules=[{"path": "/orders", "scopes": ["a"]}])
    away = bearer(claims={"iss": AWAY})
    with project(given, routes):
        assert way(headers=bearer("a")).status == 200
        assert way(headers=away).status == 503
        told()
        for headers, where, status, level in (
            ({}, "/orders", 401, "DEBUG"),
            ({"authorization": "Bearer a b"}, "/orders", 400, "INFO"),
            (bearer("a", expires_in=-1000), "/orders", 401, "INFO"),
            (bearer("b"), "/orders", 403, "INFO"),
            (bearer("b"), "/asking", 403, "INFO"),
            (bearer("b"), "/outage", 503, "WARNING"),
        ):
            assert way(where, headers).status == status
            assert told() == [("bearer_guard", level)]


class Mails(AdminEmailHandler):
    """Django's mails to the ``ADMINS``, which this one keeps."""

    def __init__(self) -> None:
        super().__init__(include_html=True)
        self.setLevel(logging.ERROR)
        self.sent: list[str] = []

    def send_mail(self, subject: str, message: str, *_: Any, **more: Any) -> None:
        self.sent.append(f"{subject} {message} {more['html_message']}")


@pytest.fixture
def mails() -> Iterator[Mails]:
    handler, logger = Mails(), logging.getLogger("django.request")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_a_refusal_is_mailed_to_nobody_and_a_bug_without_the_token(
    options: Options, bearer: HeadersOf, server: AuthorizationServer, way: Way, mails: Mails
) -> None:
    given = options(issuers=[server.issuer, AWAY])
    with project(given, urls(orders=orders, raises=raises)):
        assert way(headers=bearer(claims={"iss": AWAY})).status == 503
        assert mails.sent == []
        headers = bearer("a")
        assert way("/raises", headers).status == 500
        (sent,) = mails.sent
        assert "ZeroDivisionError" in sent
        assert "HTTP_AUTHORIZATION = '****" in sent
        assert headers["authorization"].split(".")[1] not in sent


@pytest.mark.parametrize("view", [raises, raises_async])
def test_djangos_own_page_for_a_view_that_raises_shows_no_token(
    options: Options, bearer: HeadersOf, way: Way, view: Any
) -> None:
    headers = bearer("a")
    for debug in (False, True):
        with project(options(), urls(orders=view), DEBUG=debug):
            answer = way(headers=headers)
            assert (answer.status, answer.header("www-authenticate")) == (500, None)
            assert (b"ZeroDivisionError" in answer.body) is debug
            assert headers["authorization"].split(".")[1].encode() not in answer.body
            assert way().status == 401
    assert get_default_exception_reporter_filter() is not None


def test_a_form_that_carried_the_token_is_left_out_of_the_reports(
    options: Options, server: AuthorizationServer, way: Way
) -> None:
    def shows(request: HttpRequest) -> HttpResponse:
        reports = get_default_exception_reporter_filter()
        return JsonResponse(dict(reports.get_post_parameters(request)))

    form = {"content-type": "application/x-www-form-urlencoded"}
    body = f"a=1&access_token={server.jwt()}".encode()
    with project(options(form_parameter=True), urls(orders=shows)):
        answer = way(headers=form, method="POST", body=body)
    assert answer.status == 200
    assert b'"a": ["1"]' in answer.body
    assert b'"access_token": ["****' in answer.body


def test_djangos_own_handlers_answer_what_is_no_refusal(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    def missing(request: HttpRequest) -> HttpResponse:
        raise Http404

    routes = urls(orders=missing)
    routes.handler404 = lambda request, exception: JsonResponse({"error": "none"}, status=404)
    routes.handler500 = lambda request: JsonResponse({"error": "bug"}, status=500)
    with project(options(), routes):
        for where in ("/orders", "/nowhere"):
            assert way(where, bearer()).body == b'{"error": "none"}'
            assert way(where).status == 401


class Raising:
    """A middleware of a project's own that asks the token, inside of ours."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        from bearer_guard import BearerError
        from bearer_guard.django.responses import response

        try:
            access_token(request).require_scopes("a")
        except BearerError as error:
            return response(request, error)
        return self.get_response(request)


def test_a_middleware_answers_as_the_guard_does_by_one_call(
    options: Options, bearer: HeadersOf, way: Way, told: Any
) -> None:
    with project(options(), urls(orders=orders), [BEARER, f"{__name__}.Raising"]):
        assert way(headers=bearer("a")).status == 200
        refused = way(headers=bearer("b"))
        assert refused.status == 403
        assert (refused.header("www-authenticate") or "").endswith('scope="a"')
        assert told() == [("bearer_guard", "INFO")]
        assert way(headers=bearer("b"), method="HEAD").body == b""


def test_a_challenge_of_the_views_own_is_kept(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    def asks_for_more(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="more"'})

    with project(options(), urls(orders=asks_for_more)):
        assert way(headers=bearer()).header("www-authenticate") == 'Basic realm="more"'
