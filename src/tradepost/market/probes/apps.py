"""Django's registration of this context."""

from django.apps import AppConfig


class ProbesConfig(AppConfig):
    name = "tradepost.market.probes"
    label = "probes"
