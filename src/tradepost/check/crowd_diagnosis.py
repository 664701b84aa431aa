"""Tells what goes wrong in a crowd alone from what goes wrong one at a time as well: only the first is a race."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .answers import NOT_AUTHENTIC
from .signature_diagnosis import explain_body_sign

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command

    from .answers import Answer
    from .caller import Caller

ALONE = 12
"""Requests one after another: of several processes or servers, the one with another key must have had its turn."""


def signed_wrongly(caller: Caller, answer: Answer) -> bool:
    """Signed, as every answer that comes alone, and not over its own bytes."""
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
    """The diagnosis of requests that were refused as not authentic, or wrongly answered, when several came at once.

    ``make`` gives a correct command like them.
    """
    alone = [caller.ask(make()) for _ in range(ALONE)]
    refused = [answer for answer in alone if answer.code == NOT_AUTHENTIC]
    mistakes = [explain_body_sign(answer, caller.options.key) for answer in alone if signed_wrongly(caller, answer)]
    wrong = len(refused) + len(mistakes)
    if not wrong:
        return "signature_race"
    known = next((name for name in mistakes if name and name != "signature_mismatch"), "")
    if known or wrong < ALONE:
        return known or "keys_differ"
    return "refuses_correct_request" if refused else "signature_mismatch"
