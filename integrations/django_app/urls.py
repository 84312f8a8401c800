"""The routes."""

from django.urls import path

from integrations.django_app import views

urlpatterns = [
    path("health", views.health),
    path("orders", views.Orders.as_view()),
    path("orders/export", views.export_orders),
    path("orders/broken", views.break_down),
    path("admin/stock", views.read_stock),
]
handler404 = views.no_such_route
