"""Record the outcome and the cost of a test run, for ``tests/gate.py``: a plugin of pytest, loaded with ``-p``.

The process that reports writes a JSON file to the path in ``TRADEPOST_TEST_REPORT``:

* ``failed``: the failure of each failed test by its id, in the order of failing,
* ``broken``: failures without a test, such as a module that cannot be imported,
* ``passed``: number of passed tests,
* ``cpu``: processor seconds by file, with the programs that its tests started and waited for.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

REPORT = "TRADEPOST_TEST_REPORT"

_cpu: Counter[str] = Counter()
_failed: dict[str, str] = {}
_broken: dict[str, str] = {}
_passed: set[str] = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    before = sum(os.times()[:4])
    try:
        return (yield)
    finally:
        _cpu[item.nodeid.partition("::")[0]] += sum(os.times()[:4]) - before  # type: ignore[assignment]  # seconds


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _failed[report.nodeid] = _failed.get(report.nodeid, "") + report.longreprtext
    elif report.passed and report.when == "call":
        _passed.add(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _broken[report.nodeid] = report.longreprtext


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _cpu.update(getattr(node, "workeroutput", {}).get("cpu", {}))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["cpu"] = dict(_cpu)
    elif path := os.environ.get(REPORT):
        outcome = {"failed": _failed, "broken": _broken, "passed": len(_passed - _failed.keys()), "cpu": _cpu}
        Path(path).write_text(json.dumps(outcome), encoding="utf-8")
