"""Django's registration of this context."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "tradepost.market.identity"
    label = "identity"
