"""Django's registration of this context."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "tradepost.market.notifications"
    label = "notifications"
