"""Runs one benchmark in its own process, so that it cannot affect the next."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from .answer import Scale, progress_printer
from .places import MissingRequirement
from .programs import ProgramFailed
from .questions import QUESTIONS, ask


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ask", description=__doc__)
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--orders", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path, required=True, help="file for the answer, as JSON")
    given = parser.parse_args()
    say = progress_printer(given.question)
    try:
        scale = Scale(repeats=given.repeats, quick=given.quick, orders=given.orders, only=given.only)
        answer = ask(given.question, scale, say)
    except (ProgramFailed, MissingRequirement) as error:
        say(f"no answer: {error}")
        raise SystemExit(1) from None
    given.out.write_bytes(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
