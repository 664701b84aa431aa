"""The mistakes that the tester knows by name, each with what to do about it in both languages.

Names are stable: sellers' pipelines and the mutant sellers of our own tests compare them.
"""

from __future__ import annotations

from tradepost.check.results import Diagnosis

from . import answers, behaviour, requests, runs

_KNOWN = {**requests.DIAGNOSES, **answers.DIAGNOSES, **behaviour.DIAGNOSES, **runs.DIAGNOSES}

NAMES = frozenset(_KNOWN)


def diagnosis(name: str) -> Diagnosis:
    """The mistake of this name. Raises ``KeyError``: a check must not invent one."""
    return Diagnosis(name, _KNOWN[name])
