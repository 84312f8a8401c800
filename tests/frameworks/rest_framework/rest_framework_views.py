"""Views in every style that REST framework has."""
# ruff: noqa: RUF012 - REST framework's own way to say what a view needs

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.decorators import (
    action,
    api_view,
    authentication_classes,
    permission_classes,
    throttle_classes,
)
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny, IsAdminUser, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import IntegerField, Serializer
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from bearer_guard.rest_framework import (
    BearerAuthentication,
    HasScopes,
    has_any_scope,
    has_scopes,
)


class Order(Serializer):
    tea = IntegerField(default=1)


class View(APIView):
    """A base class as a project's settings would make it."""

    serializer_class = Order
    authentication_classes = [BearerAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request, **path: Any) -> Response:
        return Response(seen(request))


def seen(request: Request) -> dict[str, Any]:
    return {
        "user": str(request.user),
        "auth": type(request.auth).__name__,
        "authenticated": bool(request.user and request.user.is_authenticated),
        "token": getattr(request._request, "access_token", None) is request.auth,
    }


class Open(View):
    permission_classes = [AllowAny]


class Health(Open):
    authentication_classes = []


class Raises(View):
    def get(self, request: Request, **path: Any) -> Response:
        raise ZeroDivisionError


class Asks(View):
    """Asks the token itself."""

    def get(self, request: Request, **path: Any) -> Response:
        request.auth.require_scopes("orders:write")
        return Response(seen(request))


class Writes(View):
    """Into the database, and only then asks."""

    def get(self, request: Request, **path: Any) -> Response:
        get_user_model().objects.create(username="half")
        request.auth.require_scopes("orders:write")
        return Response({})


class ByMethod(View):
    permission_classes = [HasScopes]
    required_scopes = {"GET": ["orders:read"], "POST": ["orders:read", "orders:write"], "PUT": []}

    def post(self, request: Request) -> Response:
        return Response(request.data)

    def put(self, request: Request) -> Response:
        return Response({})

    def delete(self, request: Request) -> Response:
        raise AssertionError("no scopes are named for it")


class EveryMethod(View):
    permission_classes = [HasScopes]
    required_scopes = ["orders:read"]
    required_any_scope = ["clerk", "boss"]


class AnyByMethod(View):
    permission_classes = [HasScopes]
    required_any_scope = {"GET": ["clerk", "boss"]}


class OptionsNamed(View):
    permission_classes = [HasScopes]
    required_scopes = {"GET": [], "HEAD": ["head"], "OPTIONS": ["meta"]}


class SaysOtherwise(ByMethod):
    """Its ``Allow`` header is not what it serves."""

    allowed_methods = ["GET"]


class Shared(View):
    """Its permissions are made once."""

    permission_classes = []
    permission = has_scopes("orders:read")()

    def get_permissions(self) -> Any:
        return [self.permission]


class NoOptions(View):
    permission_classes = [HasScopes]
    http_method_names = ["get", "head"]
    required_scopes = ["orders:read"]


class Generic(GenericAPIView):
    authentication_classes = [BearerAuthentication]
    permission_classes = [HasScopes]
    serializer_class = Order
    required_scopes = {"GET": ["orders:read"], "POST": ["orders:write"]}

    def get(self, request: Request) -> Response:
        return Response(seen(request))

    def post(self, request: Request) -> Response:
        return Response(seen(request))


class Orders(ViewSet):
    serializer_class = Order
    authentication_classes = [BearerAuthentication]
    permission_classes = [HasScopes]
    required_scopes: Any = {"GET": ["orders:read"], "POST": ["orders:write"]}

    def list(self, request: Request) -> Response:
        return Response(seen(request))

    def create(self, request: Request) -> Response:
        return Response(seen(request))

    @action(detail=True, methods=["post"], required_scopes=["orders:cancel"])
    def cancel(self, request: Request, pk: str) -> Response:
        return Response(seen(request))

    @action(detail=False, permission_classes=[has_any_scope("clerk", "boss")])
    def report(self, request: Request) -> Response:
        return Response(seen(request))


class StaffOrScopes(View):
    authentication_classes = [BearerAuthentication, SessionAuthentication]
    permission_classes = [HasScopes | IsAdminUser]
    required_scopes = ["orders:read"]


class ScopesAndStaff(View):
    permission_classes = [has_scopes("orders:read") & IsAuthenticated]


class Without(View):
    permission_classes = [~HasScopes]
    required_scopes = ["blocked"]


class SessionFirst(View):
    authentication_classes = [SessionAuthentication, BearerAuthentication]

    def post(self, request: Request) -> Response:
        return Response(seen(request))


class SessionFirstScoped(SessionFirst):
    permission_classes = [HasScopes]
    required_scopes = ["orders:read"]


class BearerFirst(View):
    authentication_classes = [BearerAuthentication, SessionAuthentication]


class BearerThenBasic(View):
    authentication_classes = [BearerAuthentication, BasicAuthentication]


class BasicThenBearer(View):
    authentication_classes = [BasicAuthentication, BearerAuthentication]


class TwiceAnHour(UserRateThrottle):
    rate = "2/hour"


@api_view(["GET"])
@authentication_classes([BearerAuthentication])
@permission_classes([IsAuthenticated])
@throttle_classes([TwiceAnHour])
def throttled(request: Request) -> Response:
    return Response(seen(request))


@extend_schema(request=Order, responses=Order)
@api_view(["GET", "POST"])
@authentication_classes([BearerAuthentication])
@permission_classes([has_scopes("orders:read", "orders:write")])
def function(request: Request) -> Response:
    """Somebody's orders."""
    return Response(seen(request))


class NamesNothing(View):
    permission_classes = [HasScopes]


class LowerCase(View):
    permission_classes = [HasScopes]
    required_scopes = {"get": ["a"]}


class Computed(View):
    permission_classes = [HasScopes]

    @property
    def required_scopes(self) -> list[str]:
        return [f"orders:{self.request.method}"]


class OneString(View):
    permission_classes = [HasScopes]
    required_scopes = "orders:read orders:write"


class AnyOfNone(View):
    permission_classes = [HasScopes]
    required_any_scope: list[str] = []
