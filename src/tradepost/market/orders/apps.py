"""Django app configuration of orders."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "tradepost.market.orders"
    label = "orders"
