"""The routes."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from integrations.rest_framework_app import views

urlpatterns = [
    path("health", views.health),
    path("orders", views.Orders.as_view()),
    path("orders/export", views.export_orders),
    path("orders/broken", views.break_down),
    path("admin/stock", views.read_stock),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("docs", SpectacularSwaggerView.as_view(url_name="openapi")),
]
handler404 = views.no_such_route
