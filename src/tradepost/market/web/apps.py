"""Django configuration of the app ``web``."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "tradepost.market.web"
    label = "web"
