"""Django app configuration of fulfilment."""

from django.apps import AppConfig


class FulfilmentConfig(AppConfig):
    name = "tradepost.market.fulfilment"
    label = "fulfilment"
