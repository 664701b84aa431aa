"""The mistakes that the tester knows by name.

Names are stable: sellers' pipelines and the mutant sellers of our own tests compare them.
"""

from __future__ import annotations

from .results import Diagnosis
from .words import answers, conduct, requests

_WORDS = {**requests.WORDS, **answers.WORDS, **conduct.WORDS}

NAMES = frozenset(_WORDS)


def diagnosis(name: str) -> Diagnosis:
    """The mistake of this name. Raises ``KeyError``: a check must not invent one."""
    return Diagnosis(name, *_WORDS[name])
