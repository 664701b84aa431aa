"""Django app configuration of settlement."""

from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "tradepost.market.settlement"
    label = "settlement"
