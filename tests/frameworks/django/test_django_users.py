"""``request.user`` by the token, and the database asked only when it is looked at."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections
from django.db.models.signals import pre_save
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django_world import BEARER, HeadersOf, Options, Way, project, urls

from bearer_guard import AccessToken, BearerError, InvalidToken
from bearer_guard.django import BearerMiddleware
from bearer_guard.testing import AuthorizationServer
from django_project.people.models import Folded, Guest, Member

BY_SUBJECT = {"lookup": {"username": "sub"}}
CREATING = {**BY_SUBJECT, "create": True}
SESSIONS = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    BEARER,
]


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.get_username())


async def who_async(request: Any) -> HttpResponse:
    user = await request.auser()
    assert user == request.user, "what was looked up once is there for both"
    return HttpResponse(user.get_username())


def nobody_asks(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.access_token.subject)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def empty_tables(database: None) -> Iterator[None]:
    yield
    User.objects.all().delete()
    for model in (Member, Guest, Folded):
        model.objects.all().delete()


@pytest.fixture
def refused(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The reasons that the log tells, since it was last asked."""
    caplog.set_level(logging.DEBUG, "bearer_guard")

    def reasons() -> list[str]:
        assert [record.name for record in caplog.records if record.name != "bearer_guard"] == []
        found = [record.reason for record in caplog.records]  # type: ignore[attr-defined]
        caplog.clear()
        return found

    return reasons


VIEWS = pytest.mark.parametrize("view", [who, who_async])


@VIEWS
def test_it_is_the_user_that_the_subject_names(
    view: Any, options: Options, bearer: HeadersOf, way: Way
) -> None:
    User.objects.create(username="alice")
    User.objects.create(username="bob")
    with project(options(), urls(orders=view), BEARER_GUARD_USER=BY_SUBJECT):
        for name in ("alice", "bob"):
            answer = way(headers=bearer(subject=name))
            assert (answer.status, answer.body) == (200, name.encode())


@VIEWS
def test_a_user_that_is_not_there_refuses_the_token(
    view: Any, options: Options, bearer: HeadersOf, way: Way, refused: Any
) -> None:
    with project(options(), urls(orders=view), BEARER_GUARD_USER=BY_SUBJECT):
        answer = way(headers=bearer(subject="alice"))
    assert answer.status == 401
    assert answer.header("www-authenticate") == (
        'Bearer realm="api", error="invalid_token", '
        'error_description="The access token is not valid."'
    )
    assert refused() == ["user_unknown"]
    assert not User.objects.exists()


@VIEWS
def test_a_user_is_made_once_where_the_setting_asks_for_it(
    view: Any, options: Options, bearer: HeadersOf, way: Way
) -> None:
    with project(options(), urls(orders=view), BEARER_GUARD_USER=CREATING):
        for _ in range(2):
            claims = {"is_staff": True, "is_superuser": True, "groups": ["admin"], "email": "a@b.c"}
            assert way(headers=bearer(subject="alice", claims=claims)).body == b"alice"
    made = User.objects.get()
    assert not made.has_usable_password()
    assert (made.is_staff, made.is_superuser, made.is_active) == (False, False, True)
    assert (made.email, made.get_all_permissions(), made.groups.count()) == ("", set(), 0)


@VIEWS
def test_an_inactive_user_refuses_the_token(
    view: Any, options: Options, bearer: HeadersOf, way: Way, refused: Any
) -> None:
    User.objects.create(username="alice", is_active=False)
    for setting in (BY_SUBJECT, CREATING):
        with project(options(), urls(orders=view), BEARER_GUARD_USER=setting):
            assert way(headers=bearer(subject="alice")).status == 401
    assert refused() == ["user_inactive", "user_inactive"]


@pytest.mark.parametrize("mark", ["is_staff", "is_superuser"])
def test_a_privileged_user_is_let_in_only_where_the_setting_says_so(
    mark: str, options: Options, bearer: HeadersOf, way: Way, refused: Any
) -> None:
    User.objects.create(username="admin", **{mark: True})
    with project(options(), urls(orders=who), BEARER_GUARD_USER=BY_SUBJECT):
        assert way(headers=bearer(subject="admin")).status == 401
    assert refused() == ["user_privileged"]
    allowing = {**BY_SUBJECT, "allow_staff": True}
    with project(options(), urls(orders=who), BEARER_GUARD_USER=allowing):
        assert way(headers=bearer(subject="admin")).body == b"admin"


def test_permissions_are_those_of_the_database(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    def may(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(request.user.has_perm("auth.sell")))

    kind = ContentType.objects.get_for_model(User)
    sell = Permission.objects.create(codename="sell", content_type=kind)
    User.objects.create(username="alice").user_permissions.add(sell)
    User.objects.create(username="bob")
    try:
        with project(options(), urls(orders=may), BEARER_GUARD_USER=BY_SUBJECT):
            assert way(headers=bearer("auth.sell", subject="alice")).body == b"True"
            assert way(headers=bearer("auth.sell", subject="bob")).body == b"False"
    finally:
        sell.delete()


def test_nobody_looks_and_the_database_is_not_asked(options: Options, bearer: HeadersOf) -> None:
    User.objects.create(username="alice", is_active=False)
    with project(options(), urls(orders=nobody_asks), SESSIONS, BEARER_GUARD_USER=CREATING):
        with CaptureQueriesContext(connection) as queries:
            assert Client().get("/orders", headers=bearer(subject="alice")).content == b"alice"
            assert Client().get("/orders", headers=bearer(subject="bob")).status_code == 200
            assert Client().get("/orders").status_code == 401
        assert len(queries) == 0


def test_it_is_looked_up_once_for_a_request(options: Options, bearer: HeadersOf) -> None:
    def look_twice(request: HttpRequest) -> HttpResponse:
        assert request.user.is_authenticated
        return HttpResponse(request.user.get_username())

    User.objects.create(username="alice")
    with project(options(), urls(orders=look_twice), BEARER_GUARD_USER=BY_SUBJECT):
        with CaptureQueriesContext(connection) as queries:
            assert Client().get("/orders", headers=bearer(subject="alice")).status_code == 200
        assert len(queries) == 1


@pytest.mark.parametrize(
    "subject",
    ["", " ", "a" * 151, "nul\0", "two\nlines", "\ud800", "\u202e", 5, ["alice"], {"a": 1}, None],
)
def test_a_subject_that_is_no_name_is_nobodys(
    subject: Any, options: Options, bearer: HeadersOf, refused: Any
) -> None:
    User.objects.create(username=" ")
    token = AccessToken(
        "https://login.example.com/", subject, None, (), frozenset(), None, None, "{}"
    )
    request: Any = RequestFactory().get("/orders")
    from bearer_guard.django import users

    for setting in (BY_SUBJECT, CREATING):
        with project(options(), BEARER_GUARD_USER=setting):
            assert users.attach(request, token)
            if subject == " ":
                assert request.user.get_username() == " "
                continue
            with pytest.raises(InvalidToken) as raised:
                assert request.user.is_active
            assert raised.value.reason == "user_unnamed"
    assert User.objects.count() == 1


def test_a_token_without_a_subject_speaks_for_nobody(
    options: Options, bearer: HeadersOf, way: Way, refused: Any, server: AuthorizationServer
) -> None:
    from bearer_guard.testing import ABSENT

    with project(options(), urls(orders=who, stock=nobody_asks), BEARER_GUARD_USER=CREATING):
        headers = bearer(claims={"sub": ABSENT})
        assert way(headers=headers).status == 401
        assert way("/stock", headers=headers).status == 200
    assert refused() == ["user_unnamed"]


def test_a_database_that_folds_letters_gives_no_token_to_its_neighbour(
    options: Options, bearer: HeadersOf, way: Way, refused: Any
) -> None:
    Folded.objects.create(name="alice")
    assert Folded.objects.filter(name="ALICE").exists(), "or else this test tells nothing"
    more = {"AUTH_USER_MODEL": "people.Folded"}
    for setting in ({"lookup": {"name": "sub"}}, {"lookup": {"name": "sub"}, "create": True}):
        with project(options(), urls(orders=who), BEARER_GUARD_USER=setting, **more):
            assert way(headers=bearer(subject="alice")).body == b"alice"
            assert way(headers=bearer(subject="ALICE")).status == 401
    assert refused() == ["user_unknown", "user_unknown"]
    assert Folded.objects.count() == 1


def test_of_two_users_none_is_taken(
    options: Options, bearer: HeadersOf, way: Way, refused: Any
) -> None:
    for name in ("alice", "bob"):
        User.objects.create(username=name, first_name="same")
    setting = {"lookup": {"first_name": "sub"}}
    with project(options(), urls(orders=who), BEARER_GUARD_USER=setting):
        assert way(headers=bearer(subject="same")).status == 401
    assert refused() == ["user_ambiguous"]


def test_several_issuers_are_told_apart(
    options: Options, bearer: HeadersOf, way: Way, server: AuthorizationServer
) -> None:
    given = options(issuers=[server.issuer, "https://other.example.com/"])
    setting = {"lookup": {"issuer": "iss", "subject": "sub"}, "create": True}
    Member.objects.create(issuer="https://other.example.com/", subject="alice", note="another")

    def note(request: Any) -> HttpResponse:
        return HttpResponse(request.user.note or "new")

    with project(
        given, urls(orders=note), BEARER_GUARD_USER=setting, AUTH_USER_MODEL="people.Member"
    ):
        assert way(headers=bearer(subject="alice")).body == b"new"
        assert way(headers=bearer(subject="alice")).body == b"new"
    made = Member.objects.get(issuer=server.issuer)
    assert (made.subject, made.note, Member.objects.count()) == ("alice", "", 2)


KEY = "7d444840-9dc0-11d1-b245-5ffdce74fad2"


def test_a_uuid_is_taken_in_its_one_canonical_form(
    options: Options, bearer: HeadersOf, way: Way, refused: Any
) -> None:
    setting = {"lookup": {"key": "sub"}, "create": True}
    more = {"BEARER_GUARD_USER": setting, "AUTH_USER_MODEL": "people.Member"}
    with project(options(), urls(orders=who), **more):
        for odd in (KEY.upper(), f"{{{KEY}}}", f"urn:uuid:{KEY}", "alice"):
            assert way(headers=bearer(subject=odd)).status == 401
        assert not Member.objects.exists()
        assert way(headers=bearer(subject=KEY)).status == 200
    assert str(Member.objects.get().key) == KEY
    assert refused() == ["user_unnamed"] * 4


def test_by_email_only_where_the_issuer_has_verified_it(
    options: Options, bearer: HeadersOf, way: Way, refused: Any
) -> None:
    User.objects.create(username="alice", email="alice@example.com")
    setting = {"lookup": {"email": "email"}, "trust_other_claims": True}
    with project(options(), urls(orders=who), BEARER_GUARD_USER=setting):
        for verified in (True, "true", 1, False, None):
            claims = {"email": "alice@example.com", "email_verified": verified}
            status = way(headers=bearer(subject="x", claims=claims)).status
            assert status == (200 if verified is True else 401)
        assert way(headers=bearer(claims={"email": "alice@example.com"})).status == 401
        verified_one = {"email": "ALICE@example.com", "email_verified": True}
        assert way(headers=bearer(claims=verified_one)).status == 401
    assert refused() == [*["user_unnamed"] * 5, "user_unknown"]


def of_a_function(token: AccessToken) -> Any:
    if token.subject == "anonymous":
        return AnonymousUser()
    if token.subject == "refused":
        raise InvalidToken("token_inactive")
    if token.subject == "no user model's":
        return type("Somebody", (), {"get_username": lambda self: "somebody"})()
    return get_user_model().objects.filter(username=token.subject).first()


@VIEWS
@pytest.mark.parametrize("setting", [f"{__name__}.of_a_function", of_a_function])
def test_a_function_says_whose_the_token_is(
    view: Any, setting: Any, options: Options, bearer: HeadersOf, way: Way, refused: Any
) -> None:
    User.objects.create(username="alice", is_superuser=True)
    User.objects.create(username="bob", is_active=False)
    with project(options(), urls(orders=view), BEARER_GUARD_USER=setting):
        # What a function gives is its own affair; but inactive is inactive.
        assert way(headers=bearer(subject="alice")).body == b"alice"
        assert way(headers=bearer(subject="no user model's")).body == b"somebody"
        for name in ("bob", "carol", "anonymous", "refused"):
            assert way(headers=bearer(subject=name)).status == 401
    assert refused() == ["user_inactive", "user_unknown", "user_inactive", "token_inactive"]


def test_without_the_setting_the_user_stays_what_it_was(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    def has_user(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(hasattr(request, "user")))

    with project(options(), urls(orders=has_user)):
        assert way(headers=bearer()).body == b"False"


@pytest.fixture
def session() -> Client:
    """A browser in which bob has logged in."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create(username="bob"))
    return client


def test_the_token_goes_before_a_session(
    options: Options, bearer: HeadersOf, session: Client
) -> None:
    User.objects.create(username="alice")
    given = options(public=["/health"])
    with project(given, urls(orders=who, health=who), SESSIONS, BEARER_GUARD_USER=BY_SUBJECT):
        assert session.get("/orders", headers=bearer(subject="alice")).content == b"alice"
        assert session.get("/orders", headers=bearer(subject="carol")).status_code == 401
        # No token is read on a public path.
        assert session.get("/health", headers=bearer(subject="alice")).content == b"bob"
    with project(given, urls(orders=who), SESSIONS):
        assert session.get("/orders", headers=bearer(subject="alice")).content == b"bob"


class Looking:
    """A middleware that looks at the user before any view does."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        assert request.user.is_active
        return self.get_response(request)


def test_a_middleware_that_looks_at_a_refused_user_is_answered_by_django_with_403(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    User.objects.create(username="alice")
    middleware = [BEARER, f"{__name__}.Looking"]
    with project(options(), urls(orders=who), middleware, BEARER_GUARD_USER=BY_SUBJECT):
        assert way(headers=bearer(subject="alice")).status == 200
        assert way(headers=bearer(subject="bob")).status == 403


def test_a_refused_user_is_never_taken_for_an_anonymous_one(
    options: Options, bearer: HeadersOf
) -> None:
    request: Any = RequestFactory().get("/orders", headers=bearer(subject="alice"))
    with project(options(), BEARER_GUARD_USER=BY_SUBJECT):
        answer: Any = BearerMiddleware(lambda _: HttpResponse("let in"))
        assert answer(request).status_code == 200
        for look in ("is_authenticated", "is_anonymous", "pk"):
            with pytest.raises(BearerError):
                getattr(request.user, look)


def test_a_race_of_two_first_requests_makes_one_user(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    """Both find nobody; the one that comes second takes the user of the first."""
    first: list[User] = []

    def overtake() -> None:
        first.append(User.objects.create(username="alice"))
        connection.close()

    def before_it_is_saved(**_: Any) -> None:
        pre_save.disconnect(before_it_is_saved, sender=User)
        other = threading.Thread(target=overtake)
        other.start()
        other.join(10)

    def key_of_the_user(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(request.user.pk))

    with project(options(), urls(orders=key_of_the_user), BEARER_GUARD_USER=CREATING):
        pre_save.connect(before_it_is_saved, sender=User)
        answer = way(headers=bearer(subject="alice"))
    assert answer.body == str(first[0].pk).encode()
    assert User.objects.count() == 1


def test_an_async_view_looks_without_holding_up_the_loop(
    options: Options, bearer: HeadersOf
) -> None:
    from django.core.exceptions import SynchronousOnlyOperation
    from django.test import AsyncRequestFactory

    User.objects.create(username="alice")

    async def ask() -> Any:
        request: Any = AsyncRequestFactory().get("/orders", headers=bearer(subject="alice"))
        guarded: Any = BearerMiddleware(who_async)
        answer = await guarded(request)
        fresh: Any = AsyncRequestFactory().get("/orders", headers=bearer(subject="alice"))

        async def too_early(request: Any) -> HttpResponse:
            with pytest.raises(SynchronousOnlyOperation):
                assert request.user.pk
            return HttpResponse("refused")

        await BearerMiddleware(too_early)(fresh)  # type: ignore[misc]
        await sync_to_async(connections.close_all)()
        return answer

    with project(options(), BEARER_GUARD_USER=BY_SUBJECT):
        assert asyncio.run(ask()).content == b"alice"
