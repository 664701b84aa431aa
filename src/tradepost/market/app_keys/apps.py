"""Django's registration of this context."""

from django.apps import AppConfig


class AppKeysConfig(AppConfig):
    name = "tradepost.market.app_keys"
    label = "app_keys"
