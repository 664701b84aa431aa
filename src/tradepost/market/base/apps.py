"""Django's registration of this context."""

from typing import override

from django.apps import AppConfig, apps


class BaseConfig(AppConfig):
    name = "tradepost.market.base"
    label = "base"

    @override
    def ready(self) -> None:
        from .django_internals.sqlite.conditions import register_literal_lookups

        register_literal_lookups(apps.get_models())
