"""Runs the suite once on each database and says at the end, in words, what was not run and why.

On a continuous-integration machine (``CI=true``) a missing PostgreSQL or browser is a failure: green must mean all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import machine  # noqa: E402  # found only now

NO_TESTS = 5


def main() -> int:
    missing = []
    if machine.find_postgres() is None:
        missing.append("the pass on PostgreSQL was left out: PostgreSQL 15 or later is not installed")
    if machine.find_chromium() is None:
        missing.append("tests in a browser were left out: chromium is not installed")
    if missing and os.environ.get("CI") == "true":
        print("Not everything can be tested here:", *missing, sep="\n  ")
        return 1

    databases = ["sqlite"] if machine.find_postgres() is None else ["sqlite", "postgres"]
    with tempfile.TemporaryDirectory(prefix="tradepost-files-") as folder:
        codes = [_run(database, sys.argv[1:], Path(folder) / "files") for database in databases]
    if missing:
        print("\nNot run:", *missing, sep="\n  ")
    # A choice of tests may well hold none that touches a database; a whole pass without tests is a fault.
    accepted = {0, NO_TESTS} if sys.argv[1:] and 0 in codes else {0}
    return next((code for code in codes if code not in accepted), 0)


def _run(database: str, chosen: list[str], listed: Path) -> int:
    """One pass. That of SQLite reads all test files, and lists for the other one those in which there is something for it."""
    # Where this is set, as in many containers, each worker of both passes would rewrite and compile every test module anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"\nTests on {'PostgreSQL' if database == 'postgres' else 'SQLite'}", flush=True)
    # Two more than there are cores: a worker often waits for a program that it started.
    workers = str((os.cpu_count() or 1) + 2)
    files = listed.read_text("utf-8").split() if database == "postgres" and listed.is_file() else []
    return subprocess.call(
        [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            workers,
            "--dist",
            "loadfile",
            "--no-loadscope-reorder",
            *chosen,
            *files,
        ],
        cwd=ROOT,
        env=os.environ
        | {"TRADEPOST_TEST_DB": database, "TRADEPOST_TEST_WHOLE_SUITE": "" if chosen else "1"}
        | ({"TRADEPOST_TEST_FILES_OF_POSTGRES": str(listed)} if not chosen and (files or database == "sqlite") else {}),
    )


if __name__ == "__main__":
    raise SystemExit(main())
