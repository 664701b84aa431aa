"""``python -m bench [name …]``: runs the benchmarks one after another, each in its own process, and prints the results.

A full-size run replaces its section of RESULTS.md. The exit code reports whether every benchmark ran. A missed
requirement is printed but does not change it, since numbers of a busy machine prove nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from .answer import Answer
from .questions import QUESTIONS
from .report import about_this_machine, as_section, on_terminal, with_sections

RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Compare our speed with rivals and limits.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"questions to ask, else all: {', '.join(QUESTIONS)}")
    parser.add_argument("--repeats", type=int, default=3, help="how often each thing is measured (default 3)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: proves that it works, measures nothing")
    parser.add_argument(
        "--orders",
        type=int,
        default=0,
        help="of `growth`, `lists` and `export`: orders of the large market (default 1,000,000, of `lists` and `export` 100,000); of `clock`: services, through a year, or ten from 10,000"
        " on (its default); of `bill`: records (default 1,000,000)",
    )
    parser.add_argument(
        "--only",
        default="",
        help="of `growth` and `lists`: only what contains one of these, separated by commas: refunds,members/invite",
    )
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in QUESTIONS]
    if unknown or given.repeats < 1:
        parser.error(f"no such question: {', '.join(unknown)}" if unknown else "--repeats must be at least 1")
    names = given.names or list(QUESTIONS)
    print("\n".join(about_this_machine()), end="\n\n", flush=True)
    answers = []
    for position, name in enumerate(names, 1):
        print(f"[{position}/{len(names)}] {name}", file=sys.stderr, flush=True)
        answer = _run_question(name, repeats=given.repeats, quick=given.quick, orders=given.orders, only=given.only)
        if answer is None:
            print(f"{name}: no answer, see above\n", flush=True)
            continue
        answers.append(answer)
        print(on_terminal(answer), end="\n\n", flush=True)
    if given.quick:
        print("These sizes are for trying the programs: the numbers mean nothing.")
    elif full := [one for one in answers if (not given.orders and not given.only if one.full is None else one.full)]:
        today = datetime.now(UTC).date()
        sections = {one.name: as_section(one, repeats=given.repeats, day=today) for one in full}
        RESULTS.write_text(with_sections(RESULTS.read_text(), sections, order=QUESTIONS))
        print(f"Written: {RESULTS.name}")
    return 0 if len(answers) == len(names) else 1


def _run_question(name: str, *, repeats: int, quick: bool, orders: int, only: str) -> Answer | None:
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as folder:
        out = Path(folder) / "answer.json"
        arguments = [name, "--repeats", str(repeats), "--orders", str(orders), "--only", only, "--out", str(out)]
        arguments += ["--quick"] if quick else []
        done = subprocess.run([sys.executable, "-m", "bench.ask", *arguments], check=False)
        return msgspec.json.decode(out.read_bytes(), type=Answer) if done.returncode == 0 else None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
