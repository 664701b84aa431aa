"""Django app configuration of payments."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "tradepost.market.payments"
    label = "payments"
