"""Distinguishes faults under concurrency from faults of single requests; only the former are races."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .answers import NOT_AUTHENTIC
from .signature_diagnosis import explain_body_sign

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command

    from .answers import Answer
    from .caller import Caller

SEQUENTIAL_REQUESTS = 12
"""Sequential requests, enough to reach every process or server, including one with another key."""


def is_signed_wrongly(caller: Caller, answer: Answer) -> bool:
    """Return whether the answer is signed, but not over its own bytes."""
    return (
        answer.accepted
        and not answer.compressed
        and explain_body_sign(answer, caller.options.key)
        in {
            "signature_mismatch",
            "reserialised_json",
        }
    )


def explain_crowd(caller: Caller, make: Callable[[], Command]) -> str:
    """Return the diagnosis of concurrent requests that were refused as not authentic or answered incorrectly.

    ``make``: returns a correct command of the same kind.
    """
    sequential_answers = [caller.ask(make()) for _ in range(SEQUENTIAL_REQUESTS)]
    refused_answers = [answer for answer in sequential_answers if answer.code == NOT_AUTHENTIC]
    mistakes = [
        explain_body_sign(answer, caller.options.key)
        for answer in sequential_answers
        if is_signed_wrongly(caller, answer)
    ]
    failure_count = len(refused_answers) + len(mistakes)
    if not failure_count:
        return "signature_race"
    mistake = next((name for name in mistakes if name and name != "signature_mismatch"), "")
    if mistake or failure_count < SEQUENTIAL_REQUESTS:
        return mistake or "keys_differ"
    return "refuses_correct_request" if refused_answers else "signature_mismatch"
