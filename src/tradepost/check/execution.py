"""Runs one check and returns its result."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from tradepost.protocols.text import Text

from .answers import NO_INSTANCE, NOT_AUTHENTIC, PROCESSING
from .caller import Caller
from .checks.signature import FIRST_CHECK, OTHER_PROTOCOL
from .definition import Check
from .diagnoses import diagnosis
from .out_of_time import time_over_reason, too_slow
from .outcomes import Blocked, Failed, Skipped, Warned
from .repeat_diagnosis import is_instance_always_found
from .results import NO_TEXT, Exchange, Result, Verdict

if TYPE_CHECKING:
    from tradepost.protocols.http import Request


ALL_REQUESTS_REFUSED = Text(
    en="correct requests are refused in the same way, see signature.correct",
    zh="正确的请求被以同样的方式拒绝，见signature.correct",
)
OTHER_PROTOCOL_VERSION = Text(
    en="the server speaks another version of the protocol, see signature.correct",
    zh="服务器使用另一协议版本，见signature.correct",
)
MAX_EXCHANGES = 6
"""Number of exchanges kept per check: the last ones, which led to its verdict."""

MAX_ATTEMPTS = 3
"""Attempts to send the requests of a check at the same moment."""


@dataclass(slots=True)
class CheckRunner:
    """Runs the checks of one run. If other checks meet the refusal of the first correct request, it is reported once,
    since it hides everything else."""

    _refuses_all: tuple[int, str] | None = None
    """Status and code of that refusal."""
    _speaks_another: bool = False
    """The seller speaks another version, so further results would be meaningless."""

    def run(self, check: Check, caller: Caller) -> Result:
        """Run the check. ``caller``: a new one that no other check has used."""
        began = time.perf_counter()
        verdict, mistake, observation = Verdict.PASSED, None, NO_TEXT
        failed_request: Request | None = None
        is_blocked = False
        if self._speaks_another:
            return skipped_result(check, Blocked(OTHER_PROTOCOL_VERSION))
        try:
            _run_body(check, caller)
        except Failed as failure:
            verdict = Verdict.WARNED if isinstance(failure, Warned) else Verdict.FAILED
            mistake, observation = diagnosis(_better_name(failure, caller)), failure.seen
            failed_request = failure.request
            if not caller.parallel:
                caller.history.add_diagnosis(mistake.name)
            if check.check_id == FIRST_CHECK:
                self._refuses_all = _general_refusal(failure)
                self._speaks_another = failure.name == OTHER_PROTOCOL
            elif self._refuses_all and self._refuses_all == _general_refusal(failure):
                verdict, mistake, observation = Verdict.SKIPPED, None, ALL_REQUESTS_REFUSED
                is_blocked = True
        except Blocked as reason:
            verdict, observation, is_blocked = Verdict.SKIPPED, reason.why, True
            mistake = diagnosis(reason.name) if reason.name else None
        except Skipped as reason:
            verdict, observation = Verdict.SKIPPED, reason.why
        except Exception as fault:  # noqa: BLE001  told in the report as the tester's own
            # A bug of the tester must only affect one check, and must not be reported as the seller's fault.
            verdict, observation = Verdict.BROKEN, _tester_fault(fault)
        exchanges = tuple(
            _without_key(exchange, caller.options.key) for exchange in _last_exchanges(caller.exchanges, failed_request)
        )
        return replace(
            _result(check, verdict, observation),
            diagnosis=mistake,
            blocked=is_blocked,
            exchanges=exchanges,
            seconds=time.perf_counter() - began,
        )


def _run_body(check: Check, caller: Caller) -> None:
    """Run the check. Repeat it if it passed only because this machine was too busy to send its requests together."""
    for attempts_left in reversed(range(MAX_ATTEMPTS)):
        caller.volleys.clear()
        check.body(caller)
        try:
            caller.expect_sent_together()
        except Skipped:
            if not attempts_left:
                raise
        else:
            return


def _better_name(failure: Failed, caller: Caller) -> str:
    """Return a more general diagnosis if it applies. An existing instance that is sometimes unknown is the mistake,
    whatever was called. If a seller sometimes falls back to *in progress*, any other 000004 has the same cause."""
    if failure.code == PROCESSING:
        return "processing_again" if "processing_again" in caller.history.diagnoses else failure.name
    is_unknown = failure.code == NO_INSTANCE and not caller.parallel and not isinstance(failure, Warned)
    try:
        return "memories_differ" if is_unknown and not is_instance_always_found(caller.aside()) else failure.name
    except (Failed, Skipped):
        # No instance can be created to find out.
        return failure.name


def _general_refusal(failure: Failed) -> tuple[int, str] | None:
    """Return a refusal that is independent of the request: not authentic, or a page of a proxy or firewall."""
    if failure.code == NOT_AUTHENTIC:
        return failure.status, failure.code
    return (failure.status, "") if failure.status >= HTTPStatus.MULTIPLE_CHOICES else None


def _tester_fault(fault: Exception) -> Text:
    frame = traceback.extract_tb(fault.__traceback__)[-1]
    return Text(
        en=f"the tester failed: {type(fault).__name__}: {fault} ({frame.name}, line {frame.lineno})",
        zh=f"测试程序自身出错：{type(fault).__name__}",
    )


def skipped_result(check: Check, reason: Blocked) -> Result:
    """Return the result of a check that was not run."""
    mistake = diagnosis(reason.name) if reason.name else None
    return replace(_result(check, Verdict.SKIPPED, reason.why), diagnosis=mistake, blocked=True)


def stop_reason(caller: Caller) -> Blocked | None:
    """Return the reason why no more checks can run; None if they can."""
    session = caller.session
    if session.budget.given_up:
        return too_slow(session)
    if session.budget.over:
        return time_over_reason(session)
    unreachable_reason = caller.gone
    if unreachable_reason:
        number = sum(not answer.received.unreachable for answer in caller.history.answers)
        return Blocked(
            Text(
                en=f"nobody answers any more: {unreachable_reason}. {number} requests were answered before; see the server's log for its end",
                zh=f"服务器不再响应：{unreachable_reason}。此前已响应{number}个请求，请查看服务器日志",
            )
        )
    return None


def _last_exchanges(exchanges: list[Exchange], failed_request: Request | None) -> list[Exchange]:
    """Return the last exchanges, with the failed one at the end, which reports show first."""
    chosen = [exchange for exchange in exchanges if exchange.request is failed_request][:1]
    other_exchanges = [exchange for exchange in exchanges if not chosen or exchange is not chosen[0]]
    return other_exchanges[-(MAX_EXCHANGES - len(chosen)) :] + chosen


def _result(check: Check, verdict: Verdict, observation: Text) -> Result:
    return Result(
        check_id=check.check_id,
        group=check.group,
        title=check.title,
        verdict=verdict,
        expected=check.expected,
        spec=check.spec,
        seen=observation,
    )


def _without_key(exchange: Exchange, key: str) -> Exchange:
    """Remove the key, even if the seller's answer shows it, since reports are shared."""
    return replace(exchange, answer=exchange.answer.replace(key.encode(), b"***"))
