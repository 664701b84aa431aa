"""Django's registration of this context."""

from django.apps import AppConfig


class ApplicationsConfig(AppConfig):
    name = "tradepost.market.applications"
    label = "applications"
