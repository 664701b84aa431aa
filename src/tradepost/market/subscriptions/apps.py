"""Django's registration of this context."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "tradepost.market.subscriptions"
    label = "subscriptions"
