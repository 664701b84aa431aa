"""What of an order or of a month of usage can be invoiced, and why not: pure, and the facts (business-rules §6.1, §6.2, §4.7).

Usage is invoiced by service and month: payments less refunds, less what is invoiced already.

A line is invoiced whole: what its seller earned with it, which is what was paid and not paid back. What is still held for a time
to come can be paid back without the seller, so that it waits until its time begins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Sum
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.billing.usage_invoicing import ON_TIME, MonthState
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_models import OPEN_REFUNDS, Refund
from tradepost.market.payments.models import Account, Entry


class Why(StrEnum):
    """Why a line cannot be invoiced."""

    NOT_DELIVERED = "not_delivered"
    FREE = "free"
    SANDBOX = "sandbox"
    PAID_BACK = "paid_back"
    NOT_BEGUN = "not_begun"
    INVOICED = "invoiced"
    REFUND_ASKED = "refund_asked"
    NOT_OVER = "not_over"
    NOT_CHARGED = "not_charged"
    NOT_PAID = "not_paid"


WORDS: Mapping[Why, str | Promise] = {
    Why.NOT_DELIVERED: _("It is not delivered yet."),
    Why.FREE: _("It cost nothing."),
    Why.SANDBOX: _("It was only tried out."),
    Why.PAID_BACK: _("What it cost was paid back."),
    Why.NOT_BEGUN: _("A part of what was paid is for a time to come. It can be invoiced when that begins."),
    Why.INVOICED: _("It stands on an invoice already."),
    Why.REFUND_ASKED: _("A refund is being decided: when that has ended you can apply for what remains."),
    Why.NOT_OVER: format_lazy(
        _(
            "Usage of this month can be invoiced from {time} on the first day of the next month, when its last hours are charged."
        ),
        time=f"{ON_TIME // timedelta(hours=1):02}:00",
    ),
    Why.NOT_CHARGED: _("Some usage of this month is not charged yet. Apply after the next charge."),
    Why.NOT_PAID: _("The usage of this month is not paid yet. Top up your balance, then apply."),
}


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of one order line. Amounts in minor units."""

    completed: bool
    sandbox: bool = False
    price_minor: int
    paid_minor: int
    """By the buyer's balance, less what went back to it."""
    earned_minor: int
    """By its seller, less what was taken back."""
    invoiced_minor: int = 0
    refund_asked: bool = False


def judge(facts: Facts) -> int | Why:
    """The minor units that can be invoiced, all of them, or why none can."""
    if facts.sandbox:
        return Why.SANDBOX
    if facts.price_minor == 0:
        return Why.FREE
    if facts.invoiced_minor:
        return Why.INVOICED
    if facts.paid_minor <= 0:
        return Why.PAID_BACK
    if not facts.completed:
        return Why.NOT_DELIVERED
    if facts.earned_minor < facts.paid_minor:
        return Why.NOT_BEGUN
    if facts.refund_asked:
        return Why.REFUND_ASKED
    return facts.paid_minor


def judge_month(state: MonthState) -> int | Why:
    """The minor units of a month of usage that can be invoiced, or why none can."""
    if state.sandbox:
        return Why.SANDBOX
    if not state.over:
        return Why.NOT_OVER
    if not state.charged:
        return Why.NOT_CHARGED
    if state.minor > 0:
        return state.minor
    if state.unpaid_minor:
        return Why.NOT_PAID
    return Why.INVOICED if state.invoiced_minor else Why.PAID_BACK


def judge_lines(lines: Sequence[OrderLine]) -> dict[int, int | Why]:
    """By the key of each line; their orders should be fetched. Two questions, however many there are."""
    paid, earned = _moved([line.order.number for line in lines])
    asked = _asked([line.pk for line in lines])
    return {
        line.pk: judge(
            Facts(
                completed=line.order.status == Order.Status.COMPLETED,
                sandbox=line.order.origin == Order.Origin.SANDBOX,
                price_minor=line.amount_minor,
                # An order has one line: what moved for the order moved for its line.
                paid_minor=-paid.get(line.order.number, 0),
                earned_minor=earned.get(line.order.number, 0),
                invoiced_minor=line.invoiced_minor,
                refund_asked=line.pk in asked,
            )
        )
        for line in lines
    }


def _moved(orders: Collection[str]) -> tuple[dict[str, int], dict[str, int]]:
    """What buyers' and sellers' accounts got, by the number of the order."""
    entries = Entry.objects.filter(transfer__order_number__in=orders)
    found = entries.values_list("transfer__order_number", "account__kind").annotate(
        total=Coalesce(Sum("amount_minor"), 0)
    )
    paid: dict[str, int] = {}
    earned: dict[str, int] = {}
    for number, kind, total in found:
        if kind == Account.Kind.BUYER:
            paid[number] = total
        elif kind == Account.Kind.SELLER:
            earned[number] = total
    return paid, earned


def _asked(lines: Collection[int]) -> set[int]:
    """Those whose service has a refund that is being decided (§4.7: no application meanwhile)."""
    asked = Refund.objects.filter(subscription=OuterRef("subscription"), status__in=OPEN_REFUNDS)
    return set(OrderLine.objects.filter(Exists(asked), pk__in=lines).values_list("pk", flat=True))
