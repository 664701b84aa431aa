"""Django's registration of this context."""

from django.apps import AppConfig


class ServiceDeskConfig(AppConfig):
    name = "tradepost.market.service_desk"
    label = "service_desk"
