"""The views that are in the document."""

import rest_framework_views as views
from django.urls import include, path
from rest_framework.routers import SimpleRouter

router = SimpleRouter(trailing_slash=False)
router.register("viewset", views.Orders, basename="orders")

urlpatterns = [
    path("plain", views.View.as_view()),
    path("open", views.Open.as_view()),
    path("health", views.Health.as_view()),
    path("by-method", views.ByMethod.as_view()),
    path("every-method", views.EveryMethod.as_view()),
    path("both", views.ScopesAndStaff.as_view()),
    path("either", views.StaffOrScopes.as_view()),
    path("function", views.function),
    path("", include(router.urls)),
]
