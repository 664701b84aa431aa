"""Run the test suite: ``make test`` and ``make soak``. CONTRIBUTING.md says how the result is decided.

* Without arguments: the gate, which CI runs as well. All short tests and a fixed list of slow ones on PostgreSQL, then those
  on SQLite whose result may depend on the database. SQLite is the main database if PostgreSQL is missing.
* With arguments: the named tests on each database.
* ``--soak``: all tests at full size on both databases, in parts. ``--part 3/8`` runs one of them, ``--continue`` those that have
  not passed since the last complete soak.

Programs that are missing on this machine are reported at the end. In CI a missing program is a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import gate, machine, sampling, selection  # noqa: E402  # found only now

WORKERS = os.cpu_count() or 1
SOAK_TIMEOUT = 900
PARTS = 8
PASSED_PARTS = ROOT / ".cache/soak.json"
TITLES = {"postgres": "PostgreSQL", "sqlite": "SQLite"}


def main() -> int:
    options, named = _parser().parse_known_args()
    missing = machine.missing_programs()
    if missing and os.environ.get("CI") == "true":
        print("Tests cannot run completely on this machine:", *missing, sep="\n  ")
        return 1
    code = _soak(options, named) if options.soak else _gate(named)
    if missing:
        print("\nNot run:", *missing, sep="\n  ")
    return code


def _gate(named: list[str]) -> int:
    runs, codes = gate.Gate(), []
    for number, database in enumerate(_databases()):
        settings = _settings(database, number, "" if named else "gate", _seed())
        codes.append(runs.run(f"Tests on {TITLES[database]}", [*_workers(gate.TIMEOUT), *named], settings))
    # All named tests may belong to one database. A whole run without tests is a fault.
    empty = all(code == gate.NO_TESTS for code in codes) if named else gate.NO_TESTS in codes
    if empty:
        runs.red.append("no test ran")
    return runs.close()


def _soak(options: argparse.Namespace, named: list[str]) -> int:
    """Run the parts in order, and keep which passed, so that a soak that was stopped can be continued."""
    passed = json.loads(PASSED_PARTS.read_text("utf-8")) if options.resume and PASSED_PARTS.is_file() else {}
    seed = passed.get("seed") or _seed(random.SystemRandom().randrange(1, 10**6))
    parts = [options.part] if options.part else [f"{number}/{PARTS}" for number in range(1, PARTS + 1)]
    runs = gate.Gate(repeats=False)
    for part in parts if not named else [""]:
        for number, database in enumerate(_databases()):
            if (name := f"{part} on {TITLES[database]}") in passed:
                continue
            settings = _settings(database, number, "soak", seed) | {selection.PART: part}
            begun, found_before = time.monotonic(), len(runs.red)
            arguments = [*_workers(SOAK_TIMEOUT), f"--hypothesis-seed={seed}", *named]
            runs.run(f"Soak {name}, TRADEPOST_SEED={seed}", arguments, settings)
            if part and len(runs.red) == found_before:
                passed |= {"seed": seed, name: round(time.monotonic() - begun)}
                PASSED_PARTS.write_text(json.dumps(passed, indent=1), encoding="utf-8")
    return runs.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("--part", metavar="K/N", help="with --soak: run only this part")
    parser.add_argument("--continue", dest="resume", action="store_true", help="with --soak: skip parts that passed")
    return parser


def _databases() -> list[str]:
    """Return the main database first."""
    return ["sqlite"] if machine.find_postgres() is None else ["postgres", "sqlite"]


def _seed(default: int = sampling.FIXED_SEED) -> int:
    return int(os.environ.get("TRADEPOST_SEED") or default)


def _workers(timeout: int) -> list[str]:
    # Two more than cores: a worker often waits for a program that it started.
    return ["-n", str(WORKERS + 2), "--no-loadscope-reorder", f"--timeout={timeout}"]


def _settings(database: str, number: int, kind: str, seed: int) -> dict[str, str]:
    return {
        "TRADEPOST_TEST_DB": database,
        "TRADEPOST_TEST_SELECTION": kind,
        "TRADEPOST_TEST_SEED": str(seed),
        selection.SECOND_RUN: "1" if number else "",
    }


if __name__ == "__main__":
    raise SystemExit(main())
