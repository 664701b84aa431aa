"""Django's registration of this context."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "tradepost.market.exports"
    label = "exports"
