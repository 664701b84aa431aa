"""Django configuration of the app ``console``."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "tradepost.market.sites.console"
    label = "console"
