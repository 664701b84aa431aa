"""The mistakes that the tester knows by name, each with what to do about it in both languages.

Names are stable: sellers' pipelines and the mutant sellers of our own tests compare them.
"""

from __future__ import annotations

from tradepost.check.results import Diagnosis

from . import answers, behaviour, calls, requests, runs, uploads

_OF_RUNS = {**requests.DIAGNOSES, **answers.DIAGNOSES, **behaviour.DIAGNOSES, **runs.DIAGNOSES, **uploads.DIAGNOSES}
_KNOWN = {**_OF_RUNS, **calls.DIAGNOSES}

NAMES = frozenset(_OF_RUNS)
"""What a run can find."""
ALL_NAMES = frozenset(_KNOWN)
"""And what can be said of one call by itself."""


def diagnosis(name: str) -> Diagnosis:
    """The mistake of this name. Raises ``KeyError``: a check must not invent one."""
    return Diagnosis(name, _KNOWN[name])
