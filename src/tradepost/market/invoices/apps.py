"""Django's registration of this context."""

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    name = "tradepost.market.invoices"
    label = "invoices"
