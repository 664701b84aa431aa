"""What is missing or wrong in something handed in: a value beside its field, with the rule that says so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils import translation
from msgspec import Struct

LANGUAGES = ("zh-hans", "en")


class Finding(Struct, frozen=True, kw_only=True):
    """``words`` are in the language that is active where it is found. ``code`` is stable, for programs and tests; ``rule``
    names the section that asks for it: a refusal without one would be nobody's."""

    section: str
    field: str
    code: str
    words: str
    rule: str


def fingerprint(code: str, where: str, evidence: Sequence[str]) -> str:
    """The same for the same fault with the same evidence, whenever it is seen: what an accepted appeal holds for."""
    plain = json.dumps([code, where, list(evidence)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def stored_findings(find: Callable[[], Iterable[Finding]]) -> list[dict[str, Any]]:
    """What ``find`` gives, as JSON with its words in every language: whoever reads it later has another one."""
    said: list[list[Finding]] = []
    for language in LANGUAGES:
        with translation.override(language):
            said.append(list(find()))
    return [
        {
            "section": chinese.section,
            "field": chinese.field,
            "code": chinese.code,
            "rule": chinese.rule,
            "words": {"zh": chinese.words, "en": english.words},
        }
        for chinese, english in zip(*said, strict=True)
    ]


def read_findings(stored: Iterable[dict[str, Any]]) -> list[Finding]:
    """Stored ones again, in the active language."""
    chinese = (translation.get_language() or LANGUAGES[0]).startswith("zh")
    return [
        Finding(
            section=each["section"],
            field=each["field"],
            code=each["code"],
            words=each["words"]["zh" if chinese else "en"],
            rule=each["rule"],
        )
        for each in stored
    ]
