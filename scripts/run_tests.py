"""Runs the suite once on each database and says at the end, in words, what was not run and why.

A run of everything goes through both at the same time: a pass ends with a worker or two, which leaves a core with nothing to do.
What PostgreSQL's pass says comes when it ended, behind that of SQLite.

On a continuous-integration machine (``CI=true``) a missing PostgreSQL or browser is a failure: green must mean all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import machine, sampling  # noqa: E402  # found only now

NO_TESTS = 5
CORES = os.cpu_count() or 1


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
        codes = _passes(databases, sys.argv[1:], Path(folder))
    if missing:
        print("\nNot run:", *missing, sep="\n  ")
    # A choice of tests may well hold none that touches a database; a whole pass without tests is a fault.
    accepted = {0, NO_TESTS} if sys.argv[1:] and 0 in codes else {0}
    return next((code for code in codes if code not in accepted), 0)


def _passes(databases: list[str], chosen: list[str], folder: Path) -> list[int]:
    """One after the other where tests were chosen, so that a person sees what they asked for as it comes."""
    listed = folder / "files"
    # More than there are cores: a worker often waits for a program that it started.
    if chosen or len(databases) == 1:
        return [_start(database, chosen, listed, workers=CORES + 2).wait() for database in databases]
    # In a run of everything PostgreSQL has a twentieth of the tests: with as few workers both end at about the same time.
    first = _start("sqlite", [], listed, workers=CORES + 2)
    while first.poll() is None and not listed.is_file():
        time.sleep(0.2)
    if not listed.is_file():
        return [first.wait()]
    with (folder / "said").open("w+b") as said:
        second = _start("postgres", [], listed, workers=max(1, CORES // 2), said=said)
        codes = [first.wait(), second.wait()]
        said.seek(0)
        sys.stdout.buffer.write(said.read())
        sys.stdout.flush()
    return codes


def _start(
    database: str, chosen: list[str], listed: Path, *, workers: int, said: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """One pass. That of SQLite reads all test files, and lists for the other one those in which there is something for it."""
    # Where this is set, as in many containers, each worker of both passes would rewrite and compile every test module anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    title = f"\nTests on {'PostgreSQL' if database == 'postgres' else 'SQLite'}"
    if said:
        said.write(f"{title}\n".encode())
        said.flush()
    else:
        print(title, flush=True)
    files = listed.read_text("utf-8").split() if database == "postgres" and listed.is_file() else []
    own = {
        "TRADEPOST_TEST_DB": database,
        "TRADEPOST_TEST_WHOLE_SUITE": "" if chosen else "1",
        # By which both toss whose a file is: with a seed each, a quarter of those that run on one would run on neither.
        "TRADEPOST_TEST_SEED": str(sampling.SEED),
    }
    if not chosen and (files or database == "sqlite"):
        own["TRADEPOST_TEST_FILES_OF_POSTGRES"] = str(listed)
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            str(workers),
            "--dist",
            "loadfile",
            "--no-loadscope-reorder",
            *chosen,
            *files,
        ],
        cwd=ROOT,
        env=os.environ | own,
        stdout=said,
        stderr=subprocess.STDOUT if said else None,
    )


if __name__ == "__main__":
    raise SystemExit(main())
