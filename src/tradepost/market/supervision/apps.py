"""Django's registration of this context."""

from django.apps import AppConfig


class SupervisionConfig(AppConfig):
    name = "tradepost.market.supervision"
    label = "supervision"
