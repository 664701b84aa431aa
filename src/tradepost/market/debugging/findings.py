"""What was judged of the answer to a test call, as it is kept beside the attempt: names and sections, never a secret.

The judgements themselves are those of the tester (``check.one_call``), on the bytes as they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from msgspec import Struct

from tradepost.check.diagnoses import diagnosis
from tradepost.check.one_call import JUDGEMENTS, judge, received_of
from tradepost.check.results import Verdict
from tradepost.check.target import target_of
from tradepost.market.production.claim import ClaimedCall
from tradepost.market.production.gateway import Exchange
from tradepost.market.production.judged import passes
from tradepost.market.production.masking import printable
from tradepost.protocols.text import Text

__all__ = ["Finding", "first_mistake", "judge_call", "passes", "read", "repair_of"]

log = structlog.get_logger(__name__)

LONGEST_SEEN = 500


def judge_call(call: ClaimedCall, exchange: Exchange) -> list[dict[str, Any]]:
    """The worker's hook. Never raises: an answer that cannot be judged has no findings, and so proves nothing."""
    try:
        received = received_of(exchange.response, exchange.result, exchange.milliseconds / 1000)
        found = judge(
            target_of(call.protocol), call.command, exchange.request, received, call.keys[0],
            body_sign=call.require_body_sign,
        )  # fmt: skip
        return [
            {
                "judgement": one.check_id,
                "verdict": one.verdict.value,
                "spec": one.spec,
                "en": printable(one.seen.en)[:LONGEST_SEEN],
                "zh": printable(one.seen.zh)[:LONGEST_SEEN],
                "diagnosis": one.diagnosis.name if one.diagnosis else "",
            }
            for one in found
        ]
    except Exception:
        log.exception("an answer could not be judged", call=call.call_id)
        return []


class Finding(Struct, frozen=True, kw_only=True):
    """One judgement of one answer, with its words."""

    judgement: str
    verdict: Verdict
    title: Text
    expected: Text
    spec: str
    seen: Text
    diagnosis: str
    repair: Text | None


def read(stored: Sequence[Mapping[str, Any]] | None) -> tuple[Finding, ...]:
    """The findings of an attempt; those of a release that had other judgements as far as they are known."""
    return tuple(_read(one) for one in stored or () if one.get("judgement") in _KNOWN)


def first_mistake(stored: Iterable[Mapping[str, Any]] | None) -> str:
    """Name of the first diagnosis of what failed; empty when nothing did."""
    failed = (one for one in stored or () if one.get("verdict") == Verdict.FAILED)
    return next((str(one.get("diagnosis") or "") for one in failed), "")


def repair_of(name: str) -> Text | None:
    """What to do about a mistake of this name; None for one that this release does not know."""
    try:
        return diagnosis(name).words
    except KeyError:
        return None


_KNOWN = {one.result_id: one for one in JUDGEMENTS}


def _read(stored: Mapping[str, Any]) -> Finding:
    known = _KNOWN[stored["judgement"]]
    name = str(stored.get("diagnosis") or "")
    return Finding(
        judgement=known.name,
        verdict=Verdict(stored["verdict"]),
        title=known.title,
        expected=known.expected,
        spec=str(stored.get("spec", "")),
        seen=Text(en=str(stored.get("en", "")), zh=str(stored.get("zh", ""))),
        diagnosis=name,
        repair=repair_of(name) if name else None,
    )
