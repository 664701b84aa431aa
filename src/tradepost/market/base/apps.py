"""Django's registration of this context."""

from django.apps import AppConfig


class BaseConfig(AppConfig):
    name = "tradepost.market.base"
    label = "base"
