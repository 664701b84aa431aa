"""Django's registration of this context."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "tradepost.market.payments"
    label = "payments"
