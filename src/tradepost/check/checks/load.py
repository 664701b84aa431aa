"""Group *load*: concurrent requests are answered within the version's time limit (saas-v2 §3.0)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import NOT_AUTHENTIC, answers_of_program, expect_in_time, failed
from tradepost.check.crowd_diagnosis import explain_crowd, is_signed_wrongly
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Skipped, Warned
from tradepost.protocols.commands import Command, Create
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.answers import Answer
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

BURST_PLAN = ((1, 3), (10, 1), (50, 1))
SUSTAINED_PLAN = ((1, 50), (10, 20), (50, 10))
"""Concurrent requests, and rounds."""
LONG_CHECKS = frozenset(f"load.{kind}_{number}" for kind in ("sustained", "creations") for number, _ in SUSTAINED_PLAN)
"""Only with ``Options.load``."""
ENDURING_CHECK = "load.enduring"
"""Runs after all other checks."""


@check_factory
def checks(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "load")
    for kind, plan in (("burst", BURST_PLAN), ("sustained", SUSTAINED_PLAN)):
        for number, rounds in plan:
            yield make(
                f"{kind}_{number}", "answer", _sustained(number, rounds),
                Text(en=f"{number} at once, {rounds} times: each is answered within {target.seconds:g} s",
                     zh=f"并发{number}个请求，共{rounds}轮：均在{target.seconds:g}秒内响应"),
                Text(en=f"every answer is right, the slowest within {target.seconds:g} s", zh=f"所有响应正确，最慢的不超过{target.seconds:g}秒"),
                alone=True,
            )  # fmt: skip
    yield make(
        ENDURING_CHECK.partition(".")[2], "answer", _enduring,
        Text(en="What was accepted at the beginning is accepted at the end", zh="开始时被接受的请求，结束时仍被接受"),
        Text(en="resultCode 000000 after some hundred requests", zh="数百个请求之后仍返回000000"),
        alone=True,
    )  # fmt: skip
    if target.has(Create):
        for number, _ in SUSTAINED_PLAN:
            yield make(
                f"creations_{number}", "answer", _created(number),
                Text(en=f"{number} creations at once are answered within {target.seconds:g} s", zh=f"并发创建{number}个实例，均在{target.seconds:g}秒内响应"),
                Text(en=f"every answer is right, the slowest within {target.seconds:g} s; slow provisioning says 000004",
                     zh=f"所有响应正确，最慢的不超过{target.seconds:g}秒；开通较慢时返回000004"),
                alone=True,
            )  # fmt: skip


def _enduring(caller: Caller) -> None:
    began = next((answer for answer in caller.history.answers if answer.accepted), None)
    if began is None:
        raise Skipped(Text(en="no request was accepted", zh="没有请求被接受"))
    at_end = caller.ask(caller.harmless(test=caller.creation_refused))
    if not at_end.accepted and not at_end.turned_away:
        raise failed("wears_out", at_end)


def _sustained(number: int, rounds: int) -> Body:
    def body(caller: Caller) -> None:
        # Real requests if there are instances: test calls seldom reach the slow part.
        command = caller.harmless(test=caller.creation_refused)
        for _ in range(rounds):
            _judge(caller, lambda: command, number)

    return body


def _created(number: int) -> Body:
    def body(caller: Caller) -> None:
        caller.instance(keep=True)
        _judge(caller, caller.samples.create, number)

    return body


def _check_queue(caller: Caller, answers: list[Answer]) -> None:
    """The length of the connection queue is undocumented, but a market would have to wait with it."""
    max_wait = max((answer.received.seconds for answer in answers if answer.received.queued), default=0.0)
    outside = sum(answer.received.unreachable for answer in answers)
    if outside or max_wait > caller.target.seconds:
        raise Warned(
            "short_queue",
            Text(
                en=f"{outside} of {len(answers)} found no place, the slowest had to wait {max_wait:.1f} s",
                zh=f"{len(answers)}个连接中有{outside}个未能建立，最慢的等待了{max_wait:.1f}秒",
            ),
        )


def _judge(caller: Caller, make: Callable[[], Command], number: int) -> None:
    answers = caller.send_simultaneously([caller.request(make()) for _ in range(number)])
    caller.note_created(*answers)
    failed_answers = [answer for answer in answers_of_program(answers) if not answer.accepted]
    unauthentic = [answer for answer in answers if answer.code == NOT_AUTHENTIC or is_signed_wrongly(caller, answer)]
    if unauthentic and number > 1:
        context = Text(
            en=f"{len(unauthentic)} of {len(answers)}, at the same moment",
            zh=f"并发{len(answers)}个中有{len(unauthentic)}个",
        )
        raise failed(explain_crowd(caller, make), unauthentic[0], context)
    if failed_answers:
        context = Text(
            en=f"{len(failed_answers)} of {len(answers)} failed, the first with",
            zh=f"{len(answers)}个中有{len(failed_answers)}个失败，第一个为",
        )
        raise failed("fails_under_load", failed_answers[0], context)
    at_once = [answer for answer in answers_of_program(answers) if not answer.received.queued]
    if at_once:
        slowest = max(at_once, key=lambda answer: answer.received.seconds)
        expect_in_time(slowest, caller.target, "slow_answer" if number == 1 else "slow_under_load")
    if number > 1:
        _check_queue(caller, answers)
