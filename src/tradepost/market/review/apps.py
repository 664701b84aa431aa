"""Django's registration of this context."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "tradepost.market.review"
    label = "review"
