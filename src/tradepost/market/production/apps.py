"""Django's registration of this context."""

from django.apps import AppConfig


class ProductionConfig(AppConfig):
    name = "tradepost.market.production"
    label = "production"
