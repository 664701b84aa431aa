"""The conformance tester: plays the marketplace against a seller's server and says exactly what is wrong, and why.

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
