"""Django's registration of this context."""

from django.apps import AppConfig


class FulfilmentConfig(AppConfig):
    name = "tradepost.market.fulfilment"
    label = "fulfilment"
