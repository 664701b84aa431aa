"""Django's registration of this context."""

from django.apps import AppConfig


class LicensesConfig(AppConfig):
    name = "tradepost.market.licenses"
    label = "licenses"
