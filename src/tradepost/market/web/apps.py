"""Django's registration of this site part."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "tradepost.market.web"
    label = "web"
