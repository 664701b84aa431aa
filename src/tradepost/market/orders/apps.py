"""Django's registration of this context."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "tradepost.market.orders"
    label = "orders"
