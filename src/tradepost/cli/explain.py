"""``tradepost explain``: how each amount of an order or of a service came about, computed again and compared."""

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
    from tradepost.market.orders.explained import Explained


def explain(what: str, /, *, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """Say how each amount of an order or of a service came about, computed again and compared. Changes nothing.

    Ends with code 1 when a sum does not agree with what stands, or can no longer be computed.

    Parameters
    ----------
    what
        The number of an order or of one of its lines, the number of a service in the console, an instance id, or
        a charge for usage as its page numbers it, such as charge:12.
    as_json
        Write a JSON list for a program instead of text.
    """
    open_market(follow_demo=True, existing=True, only_look=True)
    found = _explained(what)
    if as_json:
        print(json.dumps([_plain(one) for one in found], ensure_ascii=False, indent=2))
    else:
        for one in found:
            _show(one)
    return int(any(one.verdict != "same" for one in found))


def _explained(what: str) -> Sequence[Explained]:
    from django.utils import translation

    from tradepost.market.billing import explained as charges
    from tradepost.market.orders.explain import explained, service_explained
    from tradepost.market.orders.explain_queries import facts_of, find, service_facts
    from tradepost.market.orders.models import Order

    if (charge := charges.find(what)) is not None:
        with translation.override("en"):
            return [charges.explained(charge)]
    subject = find(what)
    if subject is None:
        raise Refused("explain.unknown", "There is no order, order line or service of that name.")
    with translation.override("en"):
        if isinstance(subject, Order):
            return explained(facts_of([subject])[0])
        return service_explained(service_facts(subject))


def _show(one: Explained) -> None:
    console = terminal.out()
    console.print(_clean(one.title), markup=False, highlight=False)
    for part in one.parts:
        console.print(f"    {_clean(part.words)}: {_amount(part.amount)}", markup=False, highlight=False)
    if one.recomputed is None:
        console.print(f"    says {_amount(one.said)}, cannot be computed again", markup=False, highlight=False)
    else:
        mark = "" if one.recomputed == one.said else "  DIFFERS"
        said = f"    says {_amount(one.said)}, recomputed {_amount(one.recomputed)}{mark}"
        console.print(said, markup=False, highlight=False)
    if one.note:
        console.print(f"    {_clean(one.note)}", markup=False, highlight=False)


def _plain(one: Explained) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "title": one.title,
        "says": _amount(one.said),
        "recomputed": None if one.recomputed is None else _amount(one.recomputed),
        "currency": one.said.currency,
        "verdict": one.verdict.value,
        "parts": [{"words": part.words.replace("\xa0", " "), "amount": _amount(part.amount)} for part in one.parts],
        "note": one.note,
    }


def _amount(amount: Money) -> str:
    """Plain digits in main units: 99.00."""
    return f"{amount.major:f}"


def _clean(text: str) -> str:
    """What strangers wrote, without what would steer a terminal."""
    return "".join(one if one.isprintable() else " " if one == "\xa0" else "?" for one in text)
