"""Django's registration of this context."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "tradepost.market.approvals"
    label = "approvals"
