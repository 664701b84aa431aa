"""Findings about the response to a test call, stored with the attempt: names and sections, never secrets.

The checks are those of the tester (``check.one_call``), on the original bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from msgspec import Struct

from tradepost.check.diagnoses import diagnosis
from tradepost.check.one_call import JUDGEMENTS, judge, raw_response_of
from tradepost.check.results import Verdict
from tradepost.check.target import target_of
from tradepost.market.production.claim import ClaimedCall
from tradepost.market.production.gateway import Exchange
from tradepost.market.production.judged import passes
from tradepost.market.production.masking import printable
from tradepost.protocols.text import Text

__all__ = ["Finding", "first_mistake", "judge_call", "passes", "read", "repair_of"]

log = structlog.get_logger(__name__)

MAX_OBSERVATION_LENGTH = 500


def judge_call(call: ClaimedCall, exchange: Exchange) -> list[dict[str, Any]]:
    """Check a response; the worker's hook. Never raises: without findings, a response proves nothing."""
    try:
        received = raw_response_of(exchange.response, exchange.result, exchange.milliseconds / 1000)
        results = judge(
            target_of(call.protocol), call.command, exchange.request, received, call.keys[0],
            body_sign=call.require_body_sign,
        )  # fmt: skip
        return [
            {
                "judgement": finding.check_id,
                "verdict": finding.verdict.value,
                "spec": finding.spec,
                "en": printable(finding.seen.en)[:MAX_OBSERVATION_LENGTH],
                "zh": printable(finding.seen.zh)[:MAX_OBSERVATION_LENGTH],
                "diagnosis": finding.diagnosis.name if finding.diagnosis else "",
            }
            for finding in results
        ]
    except Exception:
        log.exception("an answer could not be judged", call=call.call_id)
        return []


class Finding(Struct, frozen=True, kw_only=True):
    """The result of one check of a response, with its texts."""

    judgement: str
    verdict: Verdict
    title: Text
    expected: Text
    spec: str
    seen: Text
    diagnosis: str
    repair: Text | None


def read(stored: Sequence[Mapping[str, Any]] | None) -> tuple[Finding, ...]:
    """Return the findings of an attempt. Findings of unknown checks, from other releases, are left out."""
    return tuple(_read(item) for item in stored or () if item.get("judgement") in _CHECKS)


def first_mistake(stored: Iterable[Mapping[str, Any]] | None) -> str:
    """Return the name of the first failed finding's diagnosis; empty if none failed."""
    failed_findings = (finding for finding in stored or () if finding.get("verdict") == Verdict.FAILED)
    return next((str(finding.get("diagnosis") or "") for finding in failed_findings), "")


def repair_of(name: str) -> Text | None:
    """Return how to correct a mistake; None if this release does not know it."""
    try:
        return diagnosis(name).words
    except KeyError:
        return None


_CHECKS = {check.result_id: check for check in JUDGEMENTS}


def _read(stored_finding: Mapping[str, Any]) -> Finding:
    check = _CHECKS[stored_finding["judgement"]]
    name = str(stored_finding.get("diagnosis") or "")
    return Finding(
        judgement=check.name,
        verdict=Verdict(stored_finding["verdict"]),
        title=check.title,
        expected=check.expected,
        spec=str(stored_finding.get("spec", "")),
        seen=Text(en=str(stored_finding.get("en", "")), zh=str(stored_finding.get("zh", ""))),
        diagnosis=name,
        repair=repair_of(name) if name else None,
    )
