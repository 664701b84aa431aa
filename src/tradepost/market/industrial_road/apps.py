"""Django's registration of this context."""

from django.apps import AppConfig


class IndustrialRoadConfig(AppConfig):
    name = "tradepost.market.industrial_road"
    label = "industrial_road"
