"""Django's registration of this context."""

from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "tradepost.market.assets"
    label = "assets"
