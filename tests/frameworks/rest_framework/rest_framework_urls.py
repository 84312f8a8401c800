"""Where the views are."""

import rest_framework_views as views
from django.urls import include, path
from rest_framework.routers import SimpleRouter

router = SimpleRouter(trailing_slash=False)
router.register("viewset", views.Orders, basename="orders")

urlpatterns = [
    path("orders", views.View.as_view()),
    path("admin/users", views.View.as_view()),
    path("admin/open", views.Open.as_view()),
    path("reports/1", views.View.as_view()),
    path("health", views.Health.as_view()),
    path("open", views.Open.as_view()),
    path("raises", views.Raises.as_view()),
    path("asks", views.Asks.as_view()),
    path("writes", views.Writes.as_view()),
    path("by-method", views.ByMethod.as_view()),
    path("every-method", views.EveryMethod.as_view()),
    path("any-by-method", views.AnyByMethod.as_view()),
    path("options-named", views.OptionsNamed.as_view()),
    path("says-otherwise", views.SaysOtherwise.as_view()),
    path("shared", views.Shared.as_view()),
    path("computed", views.Computed.as_view()),
    path("no-options", views.NoOptions.as_view()),
    path("generic", views.Generic.as_view()),
    path("staff-or-scopes", views.StaffOrScopes.as_view()),
    path("scopes-and-staff", views.ScopesAndStaff.as_view()),
    path("without", views.Without.as_view()),
    path("session-first", views.SessionFirst.as_view()),
    path("session-first-scoped", views.SessionFirstScoped.as_view()),
    path("bearer-first", views.BearerFirst.as_view()),
    path("bearer-then-basic", views.BearerThenBasic.as_view()),
    path("basic-then-bearer", views.BasicThenBearer.as_view()),
    path("throttled", views.throttled),
    path("function", views.function),
    path("names-nothing", views.NamesNothing.as_view()),
    path("lower-case", views.LowerCase.as_view()),
    path("one-string", views.OneString.as_view()),
    path("any-of-none", views.AnyOfNone.as_view()),
    path("", include(router.urls)),
]
