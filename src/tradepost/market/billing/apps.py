"""Django's registration of this context."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "tradepost.market.billing"
    label = "billing"
