"""Django's registration of this context."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "tradepost.market.audit"
    label = "audit"
