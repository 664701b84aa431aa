"""Creates the dump of a market of this version, with real orders at real sellers in every state, for later versions to
migrate.

``python scripts/dump_market.py`` writes into tests/data/, for a real market and for a sandbox: the dump, and this
version's result of a year with cooperative sellers. Commit both with a release and never recreate them. Their names
contain the version, or NAME after ``--as NAME``; ``real`` or ``sandbox`` as the last word creates one of the two.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FOLDER = ROOT / "tests" / "data"
SECRET_KEY = "a key that only tests use, long enough for the signer"  # noqa: S105  # of tests, and told in the dump
MAX_BYTES = 350_000
KINDS = ("real", "sandbox")


def main(*chosen: str) -> int:
    from tradepost import __version__

    if chosen and chosen[0] == "--in":  # the process of one market
        return _make(Path(chosen[1]))
    name = __version__
    if chosen and chosen[0] == "--as":  # without a release
        name, chosen = chosen[1], chosen[2:]
    for kind in chosen or KINDS:
        path = FOLDER / f"market-{name}-{kind}.jsonl.xz"
        with tempfile.TemporaryDirectory() as folder:
            _process("scripts/dump_market.py", "--in", str(path), data=folder, sandbox=kind == "sandbox")
        with tempfile.TemporaryDirectory() as folder:
            year = _process("-m", "tests.released.year", str(path), data=folder, sandbox=kind == "sandbox")
        expected = _write_expected(path, json.loads(year))
        size = path.stat().st_size
        print(f"{path.name}: {size:,} bytes, {len(expected['cases'])} cases")
        if size > MAX_BYTES:
            print(f"larger than {MAX_BYTES:,} bytes")
            return 1
    return 0


def _process(*command: str, data: str, sandbox: bool) -> str:
    """A market is one process, since its settings are read once."""
    from tests.released.year import TERMS

    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("TRADEPOST_", "DATABASE_"))
    }
    environment |= {
        "DJANGO_SETTINGS_MODULE": "tradepost.market.settings",
        "TRADEPOST_DATA": data,
        "TRADEPOST_SANDBOX": str(sandbox).lower(),
        "TRADEPOST_SECRET_KEY": SECRET_KEY,
        "TRADEPOST_LOG_LEVEL": "ERROR",
        **TERMS,
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _make(path: Path) -> int:
    """Run the cases in the empty market of this process, and write its dump with the names of the cases."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests.released import states, stored
    from tests.released.license_cases import license_cases
    from tests.released.order_cases import order_cases
    from tests.released.sandbox_cases import sandbox
    from tests.released.sellers import Instructions, answering
    from tests.released.service_cases import service_cases
    from tests.released.stage import END, Stage
    from tests.released.stepping import working
    from tradepost.market.base.config import config
    from tradepost.market.payments import ledger

    options: Any = settings.DATABASES["default"]["OPTIONS"]
    options["init_command"] += " PRAGMA synchronous=OFF;"  # none of this needs to survive a power failure
    call_command("migrate", interactive=False, stdout=io.StringIO())
    cases = sandbox() if config().sandbox else [*order_cases(), *service_cases()]
    will, cases = Instructions(), [*cases, *license_cases()]
    with tempfile.TemporaryDirectory() as folder, answering(Path(folder), will) as route, working(route) as worker:
        stage = Stage(worker, will)
        stage.open()
        if config().sandbox:
            stage.list_for_a_sandbox()
        stage.play(cases)
    if problems := ledger.verify().problems:
        raise SystemExit(f"the ledger does not agree: {problems}")
    if missing := states.missing(sandbox=config().sandbox):
        raise SystemExit(f"not in this market: {sorted(missing)}")
    FOLDER.mkdir(exist_ok=True)
    stored.dump(path, now=END, made_at=f"{datetime.now(UTC):%Y-%m-%d}", secret_key=SECRET_KEY)
    differs = {case.name: dict(case.differs) for case in cases if case.differs}
    told = {"cases": stage.cases, "differs": differs, "holds": sorted(states.present())}
    _cases_of(path).write_text(json.dumps(told, ensure_ascii=False))
    return 0


def _cases_of(path: Path) -> Path:
    return path.with_name(path.name.replace(".jsonl.xz", ".cases.json"))


def _write_expected(path: Path, year: dict[str, Any]) -> dict[str, Any]:
    """Write the year's result by case, for people to read and for the test to compare."""
    written = json.loads(_cases_of(path).read_text())
    _cases_of(path).unlink()
    cases: dict[str, Any] = {}
    for number, name in written["cases"].items():
        case = cases.setdefault(
            name, {"case": name, "differs": written["differs"].get(name, {}), "orders": [], "subscriptions": []}
        )
        begun, order = year["begins"]["orders"][number], year["ends"]["orders"][number]
        case["orders"].append({"was": begun["status"]} | order)
        for line, held in year["ends"]["subscriptions"].items():
            if line.startswith(f"{number}-"):
                before = year["begins"]["subscriptions"].get(line)
                case["subscriptions"].append({"was": before["status"] if before else "not there"} | held)
    expected = {
        "about": "What the version that made the dump came to in a year: every seller answers and does what it is asked. "
        "'was' is the status in the dump, the rest that after the year; 'calls' counts all calls about a subscription by kind "
        "and outcome. 'differs' says which of these a later version may end otherwise, and why.",
        "dump": path.name,
        "balances": year["final_balances"],
        "unfinished": year["unfinished"],
        "holds": written["holds"],
        "cases": list(cases.values()),
    }  # fmt: skip
    text = json.dumps(expected, ensure_ascii=False, indent=1)
    path.with_name(path.name.replace(".jsonl.xz", ".expected.json")).write_text(text + "\n", encoding="utf-8")
    return expected


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
