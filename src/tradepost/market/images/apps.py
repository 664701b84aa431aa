"""Django's registration of this context."""

from django.apps import AppConfig


class ImagesConfig(AppConfig):
    name = "tradepost.market.images"
    label = "images"
