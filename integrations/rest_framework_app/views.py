"""The API, as REST framework's own tutorial would write it.

Who may do what is said in two ways, to show both: `/admin` by a rule in the settings, the orders
by permission classes.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bearer_guard import rest_framework as guarded
from bearer_guard.rest_framework import HasScopes, has_scopes
from integrations.caller import caller

as_json = extend_schema(responses=OpenApiTypes.OBJECT)
as_text = extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})


@as_json
@api_view(["GET"])
@authentication_classes([])
@permission_classes([])
def health(request: Request) -> Response:
    return Response({"status": "ok"})


class Orders(APIView):
    permission_classes = (HasScopes,)
    required_scopes = {"GET": ["orders:read"], "POST": ["orders:write"]}  # noqa: RUF012
    # Without OPTIONS, which would tell of the view, a preflight finds no such route.
    http_method_names = ("get", "head", "post")

    @as_json
    def get(self, request: Request) -> Response:
        return Response({"orders": ["tea"], "caller": caller(request.auth)})

    @extend_schema(request={"text/plain": OpenApiTypes.STR}, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        ordered = request.body.decode("utf-8", "replace")
        placed = {"ordered": ordered, "caller": caller(request.auth)}
        return Response(placed, status=status.HTTP_201_CREATED)


@as_text
@api_view(["GET"])
@permission_classes([has_scopes("orders:read")])
def export_orders(request: Request) -> StreamingHttpResponse:
    lines = iter(["tea\n", "coffee\n", "sugar\n"])
    return StreamingHttpResponse(lines, content_type="text/csv")


@as_json
@api_view(["GET"])
@permission_classes([has_scopes("orders:read")])
def break_down(request: Request) -> Response:
    raise ZeroDivisionError("this handler has a bug")


@as_json
@api_view(["GET"])
def read_stock(request: Request) -> Response:
    return Response({"stock": {"tea": 3}, "caller": caller(request.auth)})


def no_such_route(request: HttpRequest, exception: Exception) -> JsonResponse:
    return JsonResponse({"error": "no such route"}, status=404)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Any:
    if isinstance(exc, MethodNotAllowed):
        return Response({"error": "no such route"}, status=status.HTTP_404_NOT_FOUND)
    return guarded.exception_handler(exc, context)
