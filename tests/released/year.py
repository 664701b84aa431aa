"""Run a year of a released market under this version, as a process: load the dump, migrate, work, and print how
everything ended.

``python -m tests.released.year DUMP`` fills the empty database of its environment and prints JSON.
"""

from __future__ import annotations

import gc
import io
import json
import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import Any

from tests.released import stored

DAY, YEAR = timedelta(days=1), timedelta(days=365)
TERMS = {"TRADEPOST_PERIOD_GRACE_DAYS": "0,0,0,0,0,0", "TRADEPOST_PERIOD_RETENTION_DAYS": "15,15,15,15,15,15"}
"""The terms of every buyer before there were levels. An upgraded market can keep them. The dumps of earlier releases
do, so that everything open in them ends as it would have; and later ones, whose cases rely on them.
"""


def environment(dump: Path, *, data: Path, database_url: str = "") -> dict[str, str]:
    """Return the environment of a process that is the market of the dump, in its own folder and database."""
    released = stored.header(dump)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEPOST_", "DATABASE_URL"))}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "tradepost.market.settings",
        "TRADEPOST_DATA": str(data),
        "TRADEPOST_DATABASE_URL": database_url,
        "TRADEPOST_SANDBOX": str(released.sandbox).lower(),
        "TRADEPOST_SECRET_KEY": released.secret_key,
        "TRADEPOST_LOG_LEVEL": "ERROR",
        **TERMS,
    }


def year_of(dump: Path) -> dict[str, Any]:
    """Needs Django, set up, with an empty database."""
    from django.apps import apps
    from django.core.management import call_command

    from tests.released import outcome
    from tests.released.sellers import answering
    from tests.released.stepping import working
    from tradepost.market.payments import ledger

    spent, began = {}, process_time()
    released, then = stored.header(dump), stored.load(dump)
    before = stored.balances(then.get_model)
    spent["load"], began = process_time() - began, process_time()
    call_command("migrate", interactive=False, stdout=io.StringIO())
    spent["migrate"], began = process_time() - began, process_time()
    said: dict[str, Any] = {
        "balances": {
            "in the dump": dict(released.balances),
            "loaded": before,
            "migrated": stored.balances(apps.get_model),
        },
        "problems": list(ledger.verify().problems),
        "unreadable": _unreadable(),
        "unmigrated": _unmigrated(),
        "begins": {"orders": outcome.orders(), "subscriptions": outcome.subscriptions()},
    }
    with tempfile.TemporaryDirectory() as folder, answering(Path(folder)) as route, working(route) as worker:
        worker.until(released.clock + DAY, start=released.clock)
        worker.mails = False  # waiting mails are sent; a thousand more would take half of the time and show nothing
        worker.until(released.clock + YEAR, start=released.clock + DAY)
        spent["year"] = process_time() - began
        said["moments"] = worker.moments
    return said | {
        "ends": {"orders": outcome.orders(), "subscriptions": outcome.subscriptions()},
        "final_balances": stored.balances(apps.get_model),
        "final_problems": list(ledger.verify().problems),
        "unfinished": outcome.unfinished(),
        "seconds": spent,  # of processor time
    }


def _unmigrated() -> str:
    """Return changes of the models without a migration."""
    from django.core.management import call_command

    said = io.StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, interactive=False, stdout=said, stderr=said)
    except SystemExit:
        return said.getvalue()
    return ""


def _unreadable() -> list[str]:
    """Check that every table has every column of its model, and that every sealed value opens with the market's key."""
    from django.apps import apps
    from django.db.models import TextField

    from tradepost.market.base.secrets import unseal

    wrong = []
    for model in apps.get_models(include_auto_created=True):
        texts = [f for f in model._meta.concrete_fields if isinstance(f, TextField)]
        sealed = [f.attname for f in texts if f.attname.startswith("sealed")]
        for row in model._base_manager.all():
            for name in sealed:
                text = getattr(row, name)
                if text and not unseal(text):
                    wrong.append(f"{model._meta.label} {row.pk} {name}")
    return wrong


def main(dump: str) -> None:
    gc.disable()  # it ends soon
    import django

    django.setup()
    from django.conf import settings

    if "sqlite" in str(settings.DATABASES["default"]["ENGINE"]):  # the data need not survive a power cut
        options: Any = settings.DATABASES["default"]["OPTIONS"]
        options["init_command"] += " PRAGMA synchronous=OFF;"
    json.dump(year_of(Path(dump)), sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
