"""Asks one check and says what came of it."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from tradepost.protocols.text import Text

from .answers import NO_INSTANCE, NOT_AUTHENTIC, PROCESSING
from .caller import Caller
from .checks.signature import FIRST, OTHER_PROTOCOL
from .definition import Check
from .diagnoses import diagnosis
from .out_of_time import given_up, out_of_time
from .outcomes import Blocked, Failed, Skipped, Warned
from .repeat_diagnosis import knows_each_time
from .results import NOTHING, Exchange, Result, Verdict

if TYPE_CHECKING:
    from tradepost.protocols.http import Request


REFUSES_ALL = Text(
    en="correct requests are refused in the same way, see signature.correct",
    zh="正确的请求被以同样的方式拒绝，见signature.correct",
)
SPEAKS_ANOTHER = Text(
    en="the server speaks another version of the protocol, see signature.correct",
    zh="服务器使用另一协议版本，见signature.correct",
)
KEPT_EXCHANGES = 6
"""Of a check with many requests, the last ones are kept: they led to its verdict."""


@dataclass(slots=True)
class CheckRunner:
    """Runs the checks of one run. What the first correct request is refused with, and other checks meet as well, is told
    once: behind it nothing can be seen.
    """

    _refuses_all: tuple[int, str] | None = None
    """Status and code of that refusal."""
    _speaks_another: bool = False
    """Nothing that is asked in this version means anything then."""

    def run(self, check: Check, caller: Caller) -> Result:
        """``caller``: one that no other check has used."""
        began = time.perf_counter()
        verdict, found, seen = Verdict.PASSED, None, NOTHING
        shown: Request | None = None
        blocked = False
        if self._speaks_another:
            return not_asked(check, Blocked(SPEAKS_ANOTHER))
        try:
            check.body(caller)
        except Failed as failed:
            verdict = Verdict.WARNED if isinstance(failed, Warned) else Verdict.FAILED
            found, seen = diagnosis(_better_name(failed, caller)), failed.seen
            shown = failed.request
            if not caller.parallel:
                caller.history.add_diagnosis(found.name)
            if check.check_id == FIRST:
                self._refuses_all = _general_refusal(failed)
                self._speaks_another = failed.name == OTHER_PROTOCOL
            elif self._refuses_all and self._refuses_all == _general_refusal(failed):
                verdict, found, seen = Verdict.SKIPPED, None, REFUSES_ALL
                blocked = True
        except Blocked as reason:
            verdict, seen, blocked = Verdict.SKIPPED, reason.why, True
            found = diagnosis(reason.name) if reason.name else None
        except Skipped as reason:
            verdict, seen = Verdict.SKIPPED, reason.why
        except Exception as fault:  # noqa: BLE001  told in the report as the tester's own
            # A bug of the tester must cost one check, not the run, and must not be taken for the seller's.
            verdict, seen = Verdict.BROKEN, _own_fault(fault)
        exchanges = tuple(_without(one, caller.options.key) for one in _kept(caller.exchanges, shown))
        return replace(
            _result(check, verdict, seen),
            diagnosis=found,
            blocked=blocked,
            exchanges=exchanges,
            seconds=time.perf_counter() - began,
        )


def _better_name(failed: Failed, caller: Caller) -> str:
    """An instance that is there, and unknown now and then, is the mistake, whatever was asked of it. Of a seller that falls
    back to *in progress* by chance, no other 000004 has a mistake of its own."""
    if failed.code == PROCESSING:
        return "processing_again" if "processing_again" in caller.history.diagnoses else failed.name
    unknown = failed.code == NO_INSTANCE and not caller.parallel and not isinstance(failed, Warned)
    try:
        return "memories_differ" if unknown and not knows_each_time(caller.aside()) else failed.name
    except (Failed, Skipped):
        # No instance can be made to find it out with.
        return failed.name


def _general_refusal(failed: Failed) -> tuple[int, str] | None:
    """What a seller says to everybody: not authentic, or a page of whatever stands before it."""
    if failed.code == NOT_AUTHENTIC:
        return failed.status, failed.code
    return (failed.status, "") if failed.status >= HTTPStatus.MULTIPLE_CHOICES else None


def _own_fault(fault: Exception) -> Text:
    where = traceback.extract_tb(fault.__traceback__)[-1]
    return Text(
        en=f"the tester failed: {type(fault).__name__}: {fault} ({where.name}, line {where.lineno})",
        zh=f"测试程序自身出错：{type(fault).__name__}",
    )


def not_asked(check: Check, why: Blocked) -> Result:
    """Of a check whose turn did not come."""
    found = diagnosis(why.name) if why.name else None
    return replace(_result(check, Verdict.SKIPPED, why.why), diagnosis=found, blocked=True)


def stopped(caller: Caller) -> Blocked | None:
    """Why nothing more can be asked."""
    session = caller.session
    if session.budget.given_up:
        return given_up(session)
    if session.budget.over:
        return out_of_time(session)
    gone = caller.gone
    if gone:
        number = sum(not answer.received.unreachable for answer in caller.history.answers)
        return Blocked(
            Text(
                en=f"nobody answers any more: {gone}. {number} requests were answered before; see the server's log for its end",
                zh=f"服务器不再响应：{gone}。此前已响应{number}个请求，请查看服务器日志",
            )
        )
    return None


def _kept(exchanges: list[Exchange], shown: Request | None) -> list[Exchange]:
    """The last ones, that whose answer failed at the end: reports show it first."""
    chosen = [one for one in exchanges if one.request is shown][:1]
    rest = [one for one in exchanges if not chosen or one is not chosen[0]]
    return rest[-(KEPT_EXCHANGES - len(chosen)) :] + chosen


def _result(check: Check, verdict: Verdict, seen: Text) -> Result:
    return Result(
        check_id=check.check_id,
        group=check.group,
        title=check.title,
        verdict=verdict,
        expected=check.expected,
        spec=check.spec,
        seen=seen,
    )


def _without(exchange: Exchange, key: str) -> Exchange:
    """A report is passed on: the key has no place in it, even when the seller's answer shows it."""
    return replace(exchange, answer=exchange.answer.replace(key.encode(), b"***"))
