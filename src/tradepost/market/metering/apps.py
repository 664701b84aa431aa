"""Django's registration of this context."""

from django.apps import AppConfig


class MeteringConfig(AppConfig):
    name = "tradepost.market.metering"
    label = "metering"
