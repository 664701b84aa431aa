"""Fuzz both ends of every protocol and print the result: ``python -m tests.fuzz.run --examples 100000``."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import requests, responses
from tradepost.protocols import registry
from tradepost.protocols.contract import SellerProtocol

ROUND = 2_000
"""Hypothesis remembers every example of a run: many short runs stay small and fast."""


def fuzz(strategy: st.SearchStrategy[Any], judge: Callable[[Any], bool], examples: int, first_seed: int) -> int:
    """Judge at least that many generated values. Values for which a judge returns False are not counted."""
    judged = 0
    number = first_seed
    while judged < examples:

        @seed(number)
        @settings(
            max_examples=min(ROUND, max(50, examples - judged)),
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def judge_one(value: Any) -> None:
            nonlocal judged
            judged += judge(value)

        judge_one()
        number += 1
    return judged


def fuzz_requests(version: SellerProtocol, examples: int, first_seed: int, folder: Path, counts: Counter[str]) -> int:
    seller = requests.Watched(folder, version)
    return fuzz(
        requests.recipes(version.name), lambda r: requests.judge(seller, version, r, counts), examples, first_seed
    )


def fuzz_responses(version: SellerProtocol, examples: int, first_seed: int, counts: Counter[str]) -> int:
    return fuzz(responses.answered(version.name), lambda r: responses.judge(version, r, counts), examples, first_seed)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Fuzz the kit with requests and the gateway's decoder with responses.")
    parser.add_argument(
        "--examples", type=int, default=100_000, help="of requests, and of responses, over all protocols"
    )
    parser.add_argument("--seed", type=int, default=1)
    parsed = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    versions = registry.protocols()
    each = -(-parsed.examples // len(versions))
    with tempfile.TemporaryDirectory() as folder:
        said, began = Counter[str](), time.perf_counter()
        done = {name: fuzz_requests(it, each, parsed.seed, Path(folder), said) for name, it in versions.items()}
        report("requests against the kit", done, said, time.perf_counter() - began)
    said, began = Counter[str](), time.perf_counter()
    done = {name: fuzz_responses(it, each, parsed.seed, said) for name, it in versions.items()}
    report("responses against the gateway's decoder", done, said, time.perf_counter() - began)


def report(title: str, done: dict[str, int], said: Counter[str], seconds: float) -> None:
    lines = [f"{sum(done.values())} {title} in {seconds:.0f} s: no exception, no false accept"]
    lines += [f"  {count:>8}  {name}" for name, count in done.items()]
    lines += [f"  {said[key]:>8}  {key}" for key in sorted(said)]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
