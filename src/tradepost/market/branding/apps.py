"""Django's registration of this context."""

from django.apps import AppConfig


class BrandingConfig(AppConfig):
    name = "tradepost.market.branding"
    label = "branding"
