"""Decision 0115: a market of 0.1.0 that is upgraded has the same schema and the same first rows as a new market."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests import waiting
from tests.conftest import DATABASE
from tests.postgres import new_database
from tests.released.upgraded import facts
from tradepost.market.base import migration_state
from tradepost.market.base.django_internals import upgrade_from_0_1

ROOT = Path(__file__).resolve().parents[3]
UPGRADE = "import django; django.setup(); from tests.released.upgraded import print_upgraded; print_upgraded()"


@pytest.mark.slow
@pytest.mark.django_db
def test_upgraded_market_equals_a_new_one(tmp_path: Path) -> None:
    url = new_database("upgraded_from_0_1") if DATABASE == "postgres" else ""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEPOST_", "DATABASE_URL"))} | {
        "DJANGO_SETTINGS_MODULE": "tradepost.market.settings",
        "TRADEPOST_DATA": str(tmp_path),
        "TRADEPOST_DATABASE_URL": url,
        "TRADEPOST_SANDBOX": "true",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", UPGRADE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=waiting.PROGRAM_TIMEOUT,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    upgraded: dict[str, Any] = json.loads(run.stdout)
    assert "orders.0001_initial" in upgraded.pop("pending")
    assert upgraded.pop("left") == []
    assert upgraded.pop("differences") == []
    new = facts()
    assert len(new["triggers"]) > 5
    assert [len(rows) for rows in new["rows"].values()] == [8, 31, 159, 4]
    for part, expected in new.items():
        assert upgraded[part] == expected, part


@pytest.mark.django_db
def test_database_of_the_earlier_version_is_neither_newer_nor_complete() -> None:
    """Refused at start until ``tradepost migrate`` has followed the path; a single app is refused by Django's command."""
    assert not upgrade_from_0_1.is_due()
    for app, name in list(MigrationRecorder(connection).applied_migrations()):
        if name.endswith(upgrade_from_0_1.RELEASE):
            MigrationRecorder(connection).record_unapplied(app, name)
    MigrationRecorder(connection).record_applied("orders", "0001_initial")
    assert upgrade_from_0_1.is_due()
    assert migration_state.unknown_migrations() == []
    pending = migration_state.pending_migrations()
    assert len(pending) == len(upgrade_from_0_1.earlier_names()) - 1
    assert not any(name.endswith(upgrade_from_0_1.RELEASE) for name in pending)
    with pytest.raises(CommandError, match="tradepost migrate"):
        call_command("migrate", "orders", interactive=False)
    for app, name in upgrade_from_0_1.earlier_names():
        MigrationRecorder(connection).record_applied(app, name)
    upgrade_from_0_1.record_release()
    assert (upgrade_from_0_1.is_due(), migration_state.pending_migrations(), migration_state.unknown_migrations()) == (
        False,
        [],
        [],
    )
