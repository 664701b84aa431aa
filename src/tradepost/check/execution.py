"""Asks one check and says what came of it."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from .answers import NOT_AUTHENTIC
from .caller import Caller
from .checks.signature import FIRST
from .definition import Check
from .diagnoses import diagnosis
from .outcomes import Failed, Skipped, Warned
from .results import Exchange, Result, Verdict

if TYPE_CHECKING:
    from tradepost.protocols.http import Request


type BothLanguages = tuple[str, str]

LOCKED = (
    "correct requests are refused in the same way, see signature.correct",
    "正确的请求被以同样的方式拒绝，见signature.correct",
)
KEPT_EXCHANGES = 6
"""Of a check with many requests, the last ones are kept: they led to its verdict."""


def run_check(check: Check, caller: Caller) -> Result:
    shared = caller.shared
    began = time.perf_counter()
    verdict, found, seen, seen_zh = Verdict.PASSED, None, "", ""
    shown: Request | None = None
    try:
        check.body(caller)
    except Failed as failed:
        verdict = Verdict.WARNED if isinstance(failed, Warned) else Verdict.FAILED
        found, seen, seen_zh = diagnosis(failed.name), failed.seen, failed.seen_zh
        shown = failed.request
        if not shared.in_parallel:
            shared.found.add(failed.name)
        if check.check_id == FIRST:
            shared.lock_seen = _lock(failed)
        elif shared.lock_seen and shared.lock_seen == _lock(failed):
            # One lock, told once: behind it nothing can be seen.
            verdict, found, seen, seen_zh = Verdict.SKIPPED, None, *LOCKED
    except Skipped as skipped:
        verdict, seen, seen_zh = Verdict.SKIPPED, skipped.why, skipped.why_zh
    except Exception as fault:  # noqa: BLE001  told in the report as the tester's own
        # A bug of the tester must cost one check, not the run, and must not be taken for the seller's.
        where = traceback.extract_tb(fault.__traceback__)[-1]
        seen = f"the tester failed: {type(fault).__name__}: {fault} ({where.name}, line {where.lineno})"
        verdict, seen_zh = Verdict.BROKEN, f"测试程序自身出错：{type(fault).__name__}"
    exchanges = tuple(_without(one, caller.options.key) for one in _kept(caller.exchanges, shown))
    return replace(
        _told(check, verdict, (seen, seen_zh)),
        diagnosis=found,
        exchanges=exchanges,
        seconds=time.perf_counter() - began,
    )


def _lock(failed: Failed) -> tuple[int, str] | None:
    """What a seller says to everybody: not authentic, or a page of whatever stands before it."""
    if failed.code == NOT_AUTHENTIC:
        return failed.status, failed.code
    return (failed.status, "") if failed.status >= HTTPStatus.MULTIPLE_CHOICES else None


def skipped(check: Check, why: BothLanguages) -> Result:
    return _told(check, Verdict.SKIPPED, why)


def stopped(caller: Caller) -> BothLanguages | None:
    """Why nothing more can be asked, in both languages."""
    shared = caller.shared
    if shared.given_up:
        return (
            f"the answers before took longer than {shared.target.seconds:g} s each: nothing more was asked",
            f"之前的响应每个都超过{shared.target.seconds:g}秒，未继续检查",
        )
    gone = caller.gone
    if gone:
        number = sum(not answer.received.unreachable for answer in shared.everything)
        return (
            f"nobody answers any more: {gone}. {number} requests were answered before; see the server's log for its end",
            f"服务器不再响应：{gone}。此前已响应{number}个请求，请查看服务器日志",
        )
    return None


def _kept(exchanges: list[Exchange], shown: Request | None) -> list[Exchange]:
    """The last ones, that whose answer failed at the end: reports show it first."""
    chosen = [one for one in exchanges if one.request is shown][:1]
    rest = [one for one in exchanges if not chosen or one is not chosen[0]]
    return rest[-(KEPT_EXCHANGES - len(chosen)) :] + chosen


def _told(check: Check, verdict: Verdict, seen: BothLanguages) -> Result:
    text = check.text
    return Result(
        check_id=check.check_id,
        group=check.group,
        title=text.title,
        title_zh=text.title_zh,
        verdict=verdict,
        expected=text.expected,
        expected_zh=text.expected_zh,
        spec=check.spec,
        seen=seen[0],
        seen_zh=seen[1],
    )


def _without(exchange: Exchange, key: str) -> Exchange:
    """A report is passed on: the key has no place in it, even when the seller's answer shows it."""
    return replace(exchange, answer=exchange.answer.replace(key.encode(), b"***"))
