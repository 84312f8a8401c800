"""The API, as Flask's own documents would write it: a factory, and a blueprint.

Who may do what is said in two ways, to show both: `/admin` by a rule in the settings, the orders
by a decorator.
"""

from __future__ import annotations

import json
import os

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from bearer_guard.flask import BearerGuard, current_token, require_scopes
from integrations.caller import caller

api = Blueprint("api", __name__)
bearer_guard = BearerGuard()


def make_app() -> Flask:
    """The guarded application; its settings are in the file that API_SETTINGS names."""
    app = Flask(__name__)
    app.config.from_file(os.path.abspath(os.environ["API_SETTINGS"]), load=_settings)
    app.json.sort_keys = False
    bearer_guard.init_app(app)
    app.register_blueprint(api)
    app.register_error_handler(404, no_such_route)
    app.register_error_handler(405, no_such_route)
    return app


def _settings(file) -> dict:
    return {"BEARER_GUARD": json.load(file)}


@api.get("/health")
def health() -> ResponseReturnValue:
    return {"status": "ok"}


@api.get("/orders")
@require_scopes("orders:read")
def read_orders() -> ResponseReturnValue:
    return {"orders": ["tea"], "caller": caller(current_token)}


@api.post("/orders")
@require_scopes("orders:write")
def place_order() -> ResponseReturnValue:
    ordered = request.get_data(as_text=True)
    return {"ordered": ordered, "caller": caller(current_token)}, 201


@api.get("/orders/export")
@require_scopes("orders:read")
def export_orders() -> ResponseReturnValue:
    return iter(["tea\n", "coffee\n", "sugar\n"]), {"Content-Type": "text/csv"}


@api.get("/orders/broken")
@require_scopes("orders:read")
def break_down() -> ResponseReturnValue:
    raise ZeroDivisionError("this handler has a bug")


@api.get("/admin/stock")
def read_stock() -> ResponseReturnValue:
    return {"stock": {"tea": 3}, "caller": caller(current_token)}


def no_such_route(error: Exception) -> ResponseReturnValue:
    return {"error": "no such route"}, 404
