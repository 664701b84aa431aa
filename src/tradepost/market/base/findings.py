"""Findings: missing or invalid values in a submission, with the field and the rule that each breaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils import translation
from msgspec import Struct

LANGUAGES = ("zh-hans", "en")


class Finding(Struct, frozen=True, kw_only=True):
    """``words`` are in the language that is active when the finding is made. ``code`` is stable, for programs and
    tests; ``rule`` names the section of the business rules that requires it."""

    section: str
    field: str
    code: str
    words: str
    rule: str


def fingerprint(code: str, where: str, evidence: Sequence[str]) -> str:
    """Return a hash of a finding and its evidence. An accepted appeal applies to this hash."""
    plain_text = json.dumps([code, where, list(evidence)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain_text.encode()).hexdigest()


def stored_findings(find: Callable[[], Iterable[Finding]]) -> list[dict[str, Any]]:
    """Return the results of ``find`` as JSON with texts in every language, because a later reader may use another
    one."""
    by_language: list[list[Finding]] = []
    for language in LANGUAGES:
        with translation.override(language):
            by_language.append(list(find()))
    return [
        {
            "section": chinese.section,
            "field": chinese.field,
            "code": chinese.code,
            "rule": chinese.rule,
            "words": {"zh": chinese.words, "en": english.words},
        }
        for chinese, english in zip(*by_language, strict=True)
    ]


def read_findings(stored: Iterable[dict[str, Any]]) -> list[Finding]:
    """Read stored findings in the active language."""
    chinese = (translation.get_language() or LANGUAGES[0]).startswith("zh")
    return [
        Finding(
            section=finding["section"],
            field=finding["field"],
            code=finding["code"],
            words=finding["words"]["zh" if chinese else "en"],
            rule=finding["rule"],
        )
        for finding in stored
    ]
