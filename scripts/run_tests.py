"""Run the test suite: ``make test``, ``make soak`` and, with ``CI=true``, the selection of a continuous-integration run.

* By hand: every short test on PostgreSQL, or on SQLite where PostgreSQL is missing, and those that need SQLite.
* In CI: every short test and a twentieth of the slow ones on PostgreSQL, then on SQLite those about the database, transactions, programs
  and journeys, and a twentieth of the rest.
* Soak: everything on both databases.
* With arguments: the named tests on each database.

Programs that are missing on this machine are reported at the end. In CI a missing program is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
GIVEN = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Environment of the runs, without the random values that ``tests.sampling`` draws for this process, which selects
nothing. If bytecode may not be written, as in many containers, each worker would compile every test module again."""

from tests import machine, selection  # noqa: E402  # found only now

NO_TESTS = 5
WORKERS = (os.cpu_count() or 1) + 2
"""More than cores: a worker often waits for a program that it started."""
TITLES = {"postgres": "PostgreSQL", "sqlite": "SQLite"}


def main() -> int:
    missing = machine.missing_programs()
    in_ci = os.environ.get("CI") == "true"
    if missing and in_ci:
        print("Tests cannot run completely on this machine:", *missing, sep="\n  ")
        return 1
    arguments = sys.argv[1:]
    soak = "--soak" in arguments
    named = [argument for argument in arguments if argument != "--soak"]
    kind = "soak" if soak else "" if named else "ci" if in_ci else "short"
    codes = [_run(number, database, kind, named) for number, database in enumerate(_databases())]
    if missing:
        print("\nNot run:", *missing, sep="\n  ")
    # The named tests may all belong to one database. A whole run without tests is a fault.
    accepted = {0, NO_TESTS} if named and 0 in codes else {0}
    return next((code for code in codes if code not in accepted), 0)


def _databases() -> list[str]:
    """Return the main run first."""
    return ["sqlite"] if machine.find_postgres() is None else ["postgres", "sqlite"]


def _run(number: int, database: str, kind: str, named: list[str]) -> int:
    print(f"\nTests on {TITLES[database]}", flush=True)
    choice = {
        "TRADEPOST_TEST_DB": database,
        "TRADEPOST_TEST_SELECTION": kind,
        selection.SECOND_RUN: "1" if number else "",
    }
    command = [sys.executable, "-m", "pytest", "-n", str(WORKERS), "--no-loadscope-reorder", *named]
    return subprocess.run(command, cwd=ROOT, env=GIVEN | choice, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
