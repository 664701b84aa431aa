"""Django app configuration of production."""

from django.apps import AppConfig


class ProductionConfig(AppConfig):
    name = "tradepost.market.production"
    label = "production"
