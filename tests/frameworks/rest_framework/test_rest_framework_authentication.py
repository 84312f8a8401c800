"""``BearerAuthentication``, alone and among other authentication classes."""
# ruff: noqa: RUF012 - REST framework's own way to say what a view needs

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView
from rest_framework_stage import AWAY, HANDLER, OURS, SESSIONS, HeadersOf, Project
from werkzeug.test import Client

from bearer_guard import AccessToken, Guard, InvalidToken, Issuer
from bearer_guard.django import conf
from bearer_guard.django.passage import Passage
from bearer_guard.rest_framework import BearerAuthentication, Refused, exception_handler
from bearer_guard.testing import AuthorizationServer
from bearer_guard.wsgi import BearerMiddleware as WsgiMiddleware

INVALID = (
    'Bearer realm="api", error="invalid_token", error_description="The access token is not valid."'
)


def get(path: str, headers: dict[str, str] | None = None) -> Any:
    return APIClient().get(path, headers=headers or {})


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}


# Who is let in


def test_request_auth_is_the_token_and_the_user_speaks_of_it(
    project: Project, bearer: HeadersOf
) -> None:
    for middleware in ((), (OURS,)):
        project(*middleware)
        answer = get("/orders", bearer(subject="alice"))
        assert answer.json() == {
            "user": "alice",
            "auth": "AccessToken",
            "authenticated": True,
            # Where Django's own decorators look for it.
            "token": True,
        }


def test_who_sends_no_token_is_anonymous_and_the_permissions_say_what_that_may_do(
    project: Project,
) -> None:
    project()
    answer = get("/open")
    assert (answer.status_code, answer.json()["authenticated"]) == (200, False)
    refused = get("/orders")
    assert (refused.status_code, refused["www-authenticate"]) == (401, 'Bearer realm="api"')


def test_a_bad_token_is_refused_whatever_the_view(project: Project, bearer: HeadersOf) -> None:
    project()
    headers = bearer(audience="https://other.example.com")
    for path in ("/open", "/orders", "/no-options", "/bearer-then-basic"):
        refused = get(path, headers)
        assert (refused.status_code, refused["www-authenticate"]) == (401, INVALID)


def test_where_a_rule_names_scopes_nobody_is_let_in_without_a_token(
    project: Project, bearer: HeadersOf
) -> None:
    """Else an anonymous caller could do more than one whose token grants too little."""
    for handler in (HANDLER, None):
        project(handler=handler)
        assert get("/admin/open", bearer("admin:all")).status_code == 200
        assert get("/admin/open", bearer("other")).status_code == 403
        refused = get("/admin/open")
        assert refused.status_code == 401
        assert refused["www-authenticate"] == 'Bearer realm="api", scope="admin:all"'


def test_an_outage_is_503_and_tells_when_to_try_again(project: Project, bearer: HeadersOf) -> None:
    for handler in (HANDLER, None):
        project(handler=handler)
        answer = get("/open", bearer(claims={"iss": AWAY}))
        assert answer.status_code == 503
        assert int(answer["retry-after"]) >= 1
        assert "www-authenticate" not in answer


def test_behind_the_middleware_a_token_is_checked_once(
    project: Project, server: AuthorizationServer
) -> None:
    introspection = server.introspection_settings(cache_for=0)
    issuers = [{"issuer": server.issuer, "introspection": introspection}]
    for middleware in ((), (OURS,)):
        project(*middleware, options={"issuers": issuers})
        token = server.opaque(scope="orders:read")
        before = server.count("/introspect")
        assert get("/by-method", {"Authorization": f"Bearer {token}"}).status_code == 200
        assert server.count("/introspect") - before == 1


def test_what_a_middleware_makes_of_the_request_is_judged_anew(
    project: Project, bearer: HeadersOf
) -> None:
    project(OURS, "rest_framework_users.to_admin")
    assert get("/orders", bearer("other")).status_code == 403
    assert get("/orders", bearer("admin:all")).status_code == 200


def test_what_a_decorator_makes_of_it_too(project: Project, bearer: HeadersOf) -> None:
    project(options={"rules": [{"path": "/x", "methods": ["DELETE"], "scopes": ["delete"]}]})

    class Deletes(APIView):
        authentication_classes = [BearerAuthentication]

        def delete(self, request: Request) -> Response:
            return Response("deleted")

    def status(*scopes: str) -> int:
        request: Any = APIRequestFactory().get("/x", headers=bearer(*scopes))
        passage = Passage(request)
        passage.let_in(passage.guard.check(passage.view))
        request.method = "DELETE"
        return int(Deletes.as_view()(request).status_code)

    assert (status("other"), status("delete")) == (403, 200)


def test_what_another_library_calls_an_access_token_is_none(
    project: Project, bearer: HeadersOf
) -> None:
    project(OURS, "rest_framework_users.other_token")
    assert get("/orders", bearer(subject="alice")).json()["user"] == "alice"


# With other authentication classes


def test_with_sessions_first_who_sends_nothing_gets_403(
    project: Project, bearer: HeadersOf
) -> None:
    """REST framework's rule: the first class says whether it is 401, and with which challenge."""
    for handler in (HANDLER, None):
        project(*SESSIONS, handler=handler)
        refused = get("/session-first")
        assert (refused.status_code, "www-authenticate" in refused) == (403, False)
        assert refused.json() == {"detail": "Authentication credentials were not provided."}
        assert get("/session-first", bearer()).json()["auth"] == "AccessToken"


def test_with_sessions_first_a_token_that_is_not_good_is_401_all_the_same(
    project: Project, bearer: HeadersOf
) -> None:
    """RFC 6750 section 3.1: the client is to know that its token is to be replaced."""
    for handler in (HANDLER, None):
        project(*SESSIONS, handler=handler)
        for path in ("/session-first", "/session-first-scoped"):
            refused = get(path, bearer(audience="https://other.example.com"))
            assert (refused.status_code, refused["www-authenticate"]) == (401, INVALID)
            assert refused.json()["error"] == "invalid_token"


def test_with_sessions_first_a_session_wins_and_has_no_scopes(
    project: Project, bearer: HeadersOf
) -> None:
    from rest_framework_users import log_in

    project(*SESSIONS)
    client = APIClient(enforce_csrf_checks=True)
    log_in(client, "carol")
    seen = client.get("/session-first", headers=bearer(subject="alice")).json()
    assert (seen["user"], seen["auth"]) == ("c", "NoneType")
    # REST framework protects sessions, and these alone, from forged requests.
    assert client.post("/session-first").status_code == 403
    refused = client.get("/session-first-scoped", headers=bearer("orders:read"))
    assert (refused.status_code, "www-authenticate" in refused) == (403, False)


def test_with_the_token_first_a_session_lets_in_who_sends_none(
    project: Project, bearer: HeadersOf
) -> None:
    from rest_framework_users import log_in

    project(*SESSIONS)
    client = APIClient(enforce_csrf_checks=True)
    assert client.get("/bearer-first").status_code == 401
    log_in(client, "carol")
    assert client.get("/bearer-first").json()["user"] == "c"
    assert client.get("/bearer-first", headers=bearer(subject="alice")).json()["user"] == "alice"


def test_another_scheme_is_for_another_class(project: Project) -> None:
    for handler in (HANDLER, None):
        project(handler=handler)
        assert get("/bearer-then-basic", basic("basic:right")).json()["user"] == "basic"
        wrong = get("/bearer-then-basic", basic("basic:wrong"))
        assert (wrong.status_code, wrong["www-authenticate"]) == (401, 'Bearer realm="api"')
        assert wrong.json() == {"detail": "Invalid username/password."}


def test_behind_another_class_that_one_says_what_to_send(
    project: Project, bearer: HeadersOf
) -> None:
    for handler in (HANDLER, None):
        project(handler=handler)
        refused = get("/basic-then-bearer")
        assert (refused.status_code, refused["www-authenticate"]) == (401, 'Basic realm="api"')
        assert refused.json() == {"detail": "Authentication credentials were not provided."}
        bad = get("/basic-then-bearer", bearer(audience="x"))
        assert (bad.status_code, bad["www-authenticate"]) == (401, INVALID)


# Settings and guards


def test_tokens_in_queries_take_the_middleware(project: Project, bearer: HeadersOf) -> None:
    token = bearer()["Authorization"].removeprefix("Bearer ")
    project(OURS, options={"query_parameter": True})
    answer = get(f"/orders?access_token={token}")
    assert (answer.status_code, answer["cache-control"]) == (200, "private")
    # The plain one will do.
    app = WsgiMiddleware(project(options={"query_parameter": True}), conf.guard())
    answer = Client(app).get(f"/orders?access_token={token}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private")
    with pytest.raises(ImproperlyConfigured, match="takes the middleware: write into the settings"):
        get(f"/orders?access_token={token}")


def test_tokens_in_forms_leave_the_form_to_the_view(project: Project, bearer: HeadersOf) -> None:
    token = bearer("orders:read", "orders:write")["Authorization"].removeprefix("Bearer ")
    form = {"access_token": token, "tea": "2"}
    for middleware in ((), (OURS,)):
        project(*middleware, options={"form_parameter": True})
        answer = APIClient().post(
            "/by-method",
            f"access_token={token}&tea=2",
            content_type="application/x-www-form-urlencoded",
        )
        assert (answer.status_code, answer.json()) == (200, form)


def test_a_class_may_have_a_guard_of_its_own(
    project: Project, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    project(OURS)
    with server.http_client() as client:
        partners = Guard(
            audience="partner-api",
            issuers=[Issuer(server.issuer)],
            realm="partners",
            http_client=client,
        )

        class PartnerAuthentication(BearerAuthentication):
            def get_guard(self) -> Guard:
                return partners

        class Partners(APIView):
            authentication_classes = [PartnerAuthentication]

            def get(self, request: Request) -> Response:
                request.auth.require_scopes("a")
                return Response("let in")

        def ask(headers: dict[str, str]) -> Any:
            request: Any = APIRequestFactory().get("/", headers=headers)
            # As if the middleware had let it in, whose guard is another.
            Passage(request).let_in(AccessToken("i", "s", "c", ("a",), frozenset("ab"), 1, 1, "{}"))
            return Partners.as_view()(request)

        assert ask(bearer("a", audience="partner-api")).status_code == 200
        for headers, status in ((bearer("a"), 401), (bearer("b", audience="partner-api"), 403)):
            refused = ask(headers)
            assert refused.status_code == status
            assert refused["www-authenticate"].startswith('Bearer realm="partners"')
        partners.close()


# The exceptions


class Once(APIView):
    """Its errors are handed to a handler of a test's."""

    authentication_classes = [BearerAuthentication]
    seen: Any = None

    def get_exception_handler(self) -> Any:
        def handler(exc: Exception, context: Any) -> Response:
            type(self).seen = exc
            return Response("mine", status=418)

        return handler


def test_a_projects_own_handler_gets_exceptions_of_rest_frameworks_kinds(
    project: Project, bearer: HeadersOf
) -> None:
    project()

    def ask(headers: dict[str, str]) -> Any:
        answer = Once.as_view()(APIRequestFactory().get("/admin/x", headers=headers))
        assert (answer.status_code, answer.data) == (418, "mine")
        return Once.seen

    token = ask(bearer(audience="x"))
    assert isinstance(token, Refused)
    assert isinstance(token, AuthenticationFailed)
    assert isinstance(token.error, InvalidToken)
    assert (token.error.reason, token.auth_header) == ("audience_mismatch", INVALID)
    assert token.detail == {
        "title": "Unauthorized",
        "detail": "The access token is not valid.",
        "error": "invalid_token",
    }
    assert token.get_codes() == dict.fromkeys(("title", "detail", "error"), "invalid_token")
    scope = ask(bearer("other"))
    assert isinstance(scope, Refused)
    assert isinstance(scope, PermissionDenied)
    assert scope.get_full_details()["detail"] == {
        "message": "The access token grants too little.",
        "code": "insufficient_scope",
    }
    malformed = ask({"Authorization": "Bearer a b"})
    assert (type(malformed), malformed.status_code, malformed.wait) == (Refused, 400, None)
    away = ask(bearer(claims={"iss": AWAY}))
    assert (type(away), away.status_code, away.auth_header) == (Refused, 503, None)
    assert (away.wait >= 1, away.get_codes()["title"]) == (True, "error")


def test_what_a_view_says_of_who_is_not_logged_in_stays_where_somebody_is(
    project: Project, bearer: HeadersOf
) -> None:
    from rest_framework.exceptions import NotAuthenticated

    class Picky(APIView):
        authentication_classes = [BearerAuthentication]

        def get(self, request: Request) -> Response:
            raise NotAuthenticated("Log in anew.")

    project()
    answer = Picky.as_view()(APIRequestFactory().get("/", headers=bearer()))
    assert (answer.status_code, answer.data) == (401, {"detail": "Log in anew."})


def test_without_a_request_the_handler_is_rest_frameworks_own(project: Project) -> None:
    """So that a project's tests may call it by hand."""
    project()
    answer = exception_handler(PermissionDenied("no"), {})
    assert answer is not None
    assert (answer.status_code, answer.data) == (403, {"detail": "no"})
    assert exception_handler(InvalidToken("expired"), {}) is None


def test_an_answer_has_its_document_as_data(project: Project, bearer: HeadersOf) -> None:
    """As tests of REST framework's look at it."""
    project()
    refused = get("/orders", bearer(expires_in=-1000))
    assert refused.data == refused.json()
    assert refused.data["detail"] == "The access token expired."


def test_what_a_view_did_before_it_refused_is_rolled_back(
    project: Project, bearer: HeadersOf, database: None
) -> None:
    from django.contrib.auth.models import User
    from django.db import connection

    project()
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        assert get("/writes", bearer("other")).status_code == 403
        assert User.objects.count() == 0
        assert get("/writes", bearer("orders:write")).status_code == 200
        assert User.objects.count() == 1
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
        User.objects.all().delete()
