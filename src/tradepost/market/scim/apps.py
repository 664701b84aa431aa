"""Django's registration of this context."""

from django.apps import AppConfig


class ScimConfig(AppConfig):
    name = "tradepost.market.scim"
    label = "scim"
