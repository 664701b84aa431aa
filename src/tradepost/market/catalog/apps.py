"""Django's registration of this context."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "tradepost.market.catalog"
    label = "catalog"
