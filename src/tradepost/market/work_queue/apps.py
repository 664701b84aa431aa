"""Django's registration of this context."""

from django.apps import AppConfig


class WorkQueueConfig(AppConfig):
    name = "tradepost.market.work_queue"
    label = "work_queue"
