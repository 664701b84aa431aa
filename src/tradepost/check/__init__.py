"""The conformance tester: calls a seller's server like the marketplace, and explains each mistake.

>>> report = run(Options(url="http://127.0.0.1:9000/produce", key="the signing key"))
>>> [(result.check_id, result.diagnosis) for result in report.failed]
"""

from __future__ import annotations

from .options import GROUPS, CannotRun, Options
from .results import Diagnosis, Exchange, Progress, Report, Result, Verdict
from .running import run

__all__ = [
    "GROUPS",
    "CannotRun",
    "Diagnosis",
    "Exchange",
    "Options",
    "Progress",
    "Report",
    "Result",
    "Verdict",
    "run",
]
