"""Django's registration of this context."""

from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "tradepost.market.settlement"
    label = "settlement"
