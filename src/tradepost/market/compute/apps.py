"""Django's registration of this context."""

from django.apps import AppConfig


class ComputeConfig(AppConfig):
    name = "tradepost.market.compute"
    label = "compute"
