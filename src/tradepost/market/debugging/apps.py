"""Django's registration of this context."""

from django.apps import AppConfig


class DebuggingConfig(AppConfig):
    name = "tradepost.market.debugging"
    label = "debugging"
