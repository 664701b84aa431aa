"""Django's registration of this context."""

from typing import override

from django.apps import AppConfig, apps


class BaseConfig(AppConfig):
    name = "tradepost.market.base"
    label = "base"

    @override
    def ready(self) -> None:
        from .sqlite.conditions import write_out_conditions

        write_out_conditions(apps.get_models())
