"""Django's registration of this context."""

from django.apps import AppConfig


class WebScanConfig(AppConfig):
    name = "tradepost.market.web_scan"
    label = "web_scan"
