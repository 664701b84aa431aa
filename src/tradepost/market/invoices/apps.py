"""Django app configuration of invoices."""

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    name = "tradepost.market.invoices"
    label = "invoices"
