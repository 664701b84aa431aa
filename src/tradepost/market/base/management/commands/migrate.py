"""Django's ``migrate``, with its model classes made anew less often."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand

from tradepost.market.base.historical_models import made_less_often


class Command(DjangoCommand):
    """The same options and the same result."""

    def handle(self, *args: Any, **options: Any) -> None:
        with made_less_often():
            super().handle(*args, **options)
