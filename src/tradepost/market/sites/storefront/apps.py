"""Django configuration of the app ``storefront``."""

from django.apps import AppConfig


class StorefrontConfig(AppConfig):
    name = "tradepost.market.sites.storefront"
    label = "storefront"
