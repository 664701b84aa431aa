"""All mistakes that the tester can name, each with a remedy in both languages.

Names are stable: sellers' pipelines and the mutant sellers of our own tests compare them.
"""

from __future__ import annotations

from tradepost.check.results import Diagnosis

from . import answers, behaviour, calls, requests, runs, uploads

_RUN_DIAGNOSES = {
    **requests.DIAGNOSES,
    **answers.DIAGNOSES,
    **behaviour.DIAGNOSES,
    **runs.DIAGNOSES,
    **uploads.DIAGNOSES,
}
_ALL_DIAGNOSES = {**_RUN_DIAGNOSES, **calls.DIAGNOSES}

NAMES = frozenset(_RUN_DIAGNOSES)
"""Diagnoses of a run."""
ALL_NAMES = frozenset(_ALL_DIAGNOSES)
"""Diagnoses including those of a single call."""


def diagnosis(name: str) -> Diagnosis:
    """Return the diagnosis with this name. Raises ``KeyError``: a check must not invent one."""
    return Diagnosis(name, _ALL_DIAGNOSES[name])
