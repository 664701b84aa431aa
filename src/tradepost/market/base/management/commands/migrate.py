"""Django's ``migrate`` command, which takes a database of 0.1.0 along its own path first (decision 0115)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoCommand

from tradepost.market.base.django_internals import upgrade_from_0_1
from tradepost.market.base.django_internals.historical_models import render_less_often


class Command(DjangoCommand):
    """Same options and result as Django's command. On a database of 0.1.0 it takes no name of an app."""

    def handle(self, *args: Any, **options: Any) -> None:
        with render_less_often():
            if upgrade_from_0_1.is_due() and not self._upgrade(*args, **options):
                return
            super().handle(*args, **options)

    def _upgrade(self, *args: Any, **options: Any) -> bool:
        """Follow the path from 0.1.0. Return whether the database is at its end."""
        if options["app_label"]:
            raise CommandError("An earlier version created this database. Migrate all apps first: tradepost migrate")
        with upgrade_from_0_1.followed():
            super().handle(*args, **options)
        if options["plan"] or options["check_unapplied"]:
            return False
        upgrade_from_0_1.record_release()
        return True
