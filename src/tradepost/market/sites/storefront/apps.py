"""Django's registration of this site part."""

from django.apps import AppConfig


class StorefrontConfig(AppConfig):
    name = "tradepost.market.sites.storefront"
    label = "storefront"
