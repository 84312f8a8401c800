"""The API, and what is none of it."""

from django.urls import path

from integrations.ninja_app.api import api
from integrations.ninja_app.routes import no_such_route

urlpatterns = [path("", api.urls)]
handler404 = no_such_route
