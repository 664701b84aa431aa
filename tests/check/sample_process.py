"""The sample seller as the process that a seller's engineer starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tradepost.check import Report, Verdict
from tradepost.kit.sample import folder

KEY = "0123456789abcdef0123456789ABCDEF"
SOURCES = Path(__file__).parents[2] / "src"


@contextmanager
def started(data: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, str(folder() / "seller.py"), "--port", "0", "--data", str(data), *options]
    environment = os.environ | {"PYTHONPATH": str(SOURCES), "SELLER_KEY": KEY}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("Sample seller: http://"), line
            yield f"{line.split()[2]}/produce"
        finally:
            process.kill()


def complaints(report: Report) -> list[tuple[str, str]]:
    wrong = {Verdict.FAILED, Verdict.BROKEN}
    return [(result.check_id, result.seen.en) for result in report.results if result.verdict in wrong]
