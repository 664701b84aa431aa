"""Django's registration of this context."""

from django.apps import AppConfig


class AuthCentreConfig(AppConfig):
    name = "tradepost.market.auth_centre"
    label = "auth_centre"
