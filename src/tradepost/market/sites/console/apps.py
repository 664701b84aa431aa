"""Django's registration of this site part."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "tradepost.market.sites.console"
    label = "console"
