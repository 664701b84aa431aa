"""Django app configuration of subscriptions."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "tradepost.market.subscriptions"
    label = "subscriptions"
