"""Django's registration of this site part."""

from django.apps import AppConfig


class OpenApiConfig(AppConfig):
    name = "tradepost.market.open_api"
    label = "open_api"
