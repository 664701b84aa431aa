"""``tradepost explain``: explains each amount of an order or a service, by computing and comparing it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.base.money import Money
    from tradepost.market.orders.explained import ExplainedAmount


def explain(what: str, /, *, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """Explain each amount of an order or a service by computing and comparing it again. Changes nothing.

    Ends with code 1 when a sum differs from the stored one, or can no longer be computed.

    Parameters
    ----------
    what
        The number of an order or of one of its lines, the number of a service in the console, an instance id, or
        a charge for usage as its page numbers it, such as charge:12.
    as_json
        Write a JSON list for a program instead of text.
    """
    open_market(follow_demo=True, existing=True, only_look=True)
    explanations = _explanations(what)
    if as_json:
        print(json.dumps([_plain(explanation) for explanation in explanations], ensure_ascii=False, indent=2))
    else:
        for explanation in explanations:
            _show(explanation)
    return int(any(explanation.verdict != "same" for explanation in explanations))


def _explanations(subject_name: str) -> Sequence[ExplainedAmount]:
    from django.utils import translation

    from tradepost.market.billing import explained as charges
    from tradepost.market.orders.explain import explain_order, explain_service
    from tradepost.market.orders.explain_queries import facts_of, find, service_facts
    from tradepost.market.orders.models import Order

    if (charge := charges.find_charge(subject_name)) is not None:
        with translation.override("en"):
            return [charges.explain_charge(charge)]
    subject = find(subject_name)
    if subject is None:
        raise Refused("explain.unknown", "There is no order, order line or service of that name.")
    with translation.override("en"):
        if isinstance(subject, Order):
            return explain_order(facts_of([subject])[0])
        return explain_service(service_facts(subject))


def _show(explanation: ExplainedAmount) -> None:
    console = terminal.out()
    console.print(_clean(explanation.title), markup=False, highlight=False)
    for part in explanation.parts:
        rule = f" ({_clean(part.rule)})" if part.rule else ""
        console.print(f"    {_clean(part.words)}{rule}: {_amount(part.amount)}", markup=False, highlight=False)
    if explanation.recomputed is None:
        console.print(f"    says {_amount(explanation.said)}, cannot be computed again", markup=False, highlight=False)
    else:
        mark = "" if explanation.recomputed == explanation.said else "  DIFFERS"
        line = f"    says {_amount(explanation.said)}, recomputed {_amount(explanation.recomputed)}{mark}"
        console.print(line, markup=False, highlight=False)
    if explanation.note:
        console.print(f"    {_clean(explanation.note)}", markup=False, highlight=False)


def _plain(explanation: ExplainedAmount) -> dict[str, Any]:
    return {
        "kind": explanation.kind.value,
        "title": explanation.title,
        "says": _amount(explanation.said),
        "recomputed": None if explanation.recomputed is None else _amount(explanation.recomputed),
        "currency": explanation.said.currency,
        "verdict": explanation.verdict.value,
        "parts": [
            {"words": part.words.replace("\xa0", " "), "amount": _amount(part.amount)} for part in explanation.parts
        ],
        "note": explanation.note,
    }


def _amount(amount: Money) -> str:
    """Return plain digits in main units: 99.00."""
    return f"{amount.major:f}"


def _clean(text: str) -> str:
    """Replace control characters in received text that could affect the terminal."""
    return "".join(character if character.isprintable() else " " if character == "\xa0" else "?" for character in text)
