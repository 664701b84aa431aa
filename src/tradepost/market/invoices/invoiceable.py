"""Invoiceable amount of an order line or a month of usage, or why there is none (business-rules §6.1, §6.2, §4.7).

Usage is invoiced by service and month: payments less refunds and invoiced amounts. An order line is invoiced in whole:
the seller's earnings, that is payments less refunds. A payment for a future period can still be refunded, so the line
waits until the period begins.
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

from tradepost.market.billing.usage_invoicing import CHARGING_DELAY, MonthState
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_models import OPEN_REFUNDS, Refund
from tradepost.market.payments.models import Account, Entry


class NotInvoiceable(StrEnum):
    """Reasons why a line cannot be invoiced."""

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


REASON_TEXTS: Mapping[NotInvoiceable, str | Promise] = {
    NotInvoiceable.NOT_DELIVERED: _("It is not delivered yet."),
    NotInvoiceable.FREE: _("Free of charge."),
    NotInvoiceable.SANDBOX: _("This was only a sandbox try-out."),
    NotInvoiceable.PAID_BACK: _("The payment was refunded."),
    NotInvoiceable.NOT_BEGUN: _(
        "Part of the payment covers a period that has not started. You can apply for an invoice when the period starts."
    ),
    NotInvoiceable.INVOICED: _("An invoice for it was already requested or issued."),
    NotInvoiceable.REFUND_ASKED: _(
        "A refund is being processed. When it is complete, you can apply for an invoice for the remaining amount."
    ),
    NotInvoiceable.NOT_OVER: format_lazy(
        _(
            "Usage of this month can be invoiced from {time} on the first day of the next month, when its last hours are charged."
        ),
        time=f"{CHARGING_DELAY // timedelta(hours=1):02}:00",
    ),
    NotInvoiceable.NOT_CHARGED: _("Some usage of this month is not charged yet. Apply after the next charge."),
    NotInvoiceable.NOT_PAID: _("The usage of this month is not paid yet. Top up your balance, then apply."),
}


class LineFacts(Struct, frozen=True, kw_only=True):
    """Data of one order line, in minor units."""

    completed: bool
    sandbox: bool = False
    price_minor: int
    paid_minor: int
    """Payments from the buyer's balance, less refunds."""
    earned_minor: int
    """Earnings of the seller, less refunds."""
    invoiced_minor: int = 0
    refund_asked: bool = False


def invoiceable_amount(facts: LineFacts) -> int | NotInvoiceable:
    """Return the invoiceable minor units, or why there are none."""
    if facts.sandbox:
        return NotInvoiceable.SANDBOX
    if facts.price_minor == 0:
        return NotInvoiceable.FREE
    if facts.invoiced_minor:
        return NotInvoiceable.INVOICED
    if facts.paid_minor <= 0:
        return NotInvoiceable.PAID_BACK
    if not facts.completed:
        return NotInvoiceable.NOT_DELIVERED
    if facts.earned_minor < facts.paid_minor:
        return NotInvoiceable.NOT_BEGUN
    if facts.refund_asked:
        return NotInvoiceable.REFUND_ASKED
    return facts.paid_minor


def month_amount(state: MonthState) -> int | NotInvoiceable:
    """Return the invoiceable minor units of a month of usage, or why there are none."""
    if state.sandbox:
        return NotInvoiceable.SANDBOX
    if not state.over:
        return NotInvoiceable.NOT_OVER
    if not state.charged:
        return NotInvoiceable.NOT_CHARGED
    if state.minor > 0:
        return state.minor
    if state.unpaid_minor:
        return NotInvoiceable.NOT_PAID
    return NotInvoiceable.INVOICED if state.invoiced_minor else NotInvoiceable.PAID_BACK


def line_amounts(lines: Sequence[OrderLine]) -> dict[int, int | NotInvoiceable]:
    """Return the results by line key, in two queries; the orders should be fetched."""
    paid_minor, earned_minor = _account_movements([line.order.number for line in lines])
    refund_pending = _with_open_refund([line.pk for line in lines])
    return {
        line.pk: invoiceable_amount(
            LineFacts(
                completed=line.order.status == Order.Status.COMPLETED,
                sandbox=line.order.origin == Order.Origin.SANDBOX,
                price_minor=line.amount_minor,
                # An order has one line, so its movements are those of the line.
                paid_minor=-paid_minor.get(line.order.number, 0),
                earned_minor=earned_minor.get(line.order.number, 0),
                invoiced_minor=line.invoiced_minor,
                refund_asked=line.pk in refund_pending,
            )
        )
        for line in lines
    }


def _account_movements(orders: Collection[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the movements of buyers' and sellers' accounts by order number."""
    entries = Entry.objects.filter(transfer__order_number__in=orders)
    sums = entries.values_list("transfer__order_number", "account__kind").annotate(
        total=Coalesce(Sum("amount_minor"), 0)
    )
    paid_minor: dict[str, int] = {}
    earned_minor: dict[str, int] = {}
    for number, kind, total in sums:
        if kind == Account.Kind.BUYER:
            paid_minor[number] = total
        elif kind == Account.Kind.SELLER:
            earned_minor[number] = total
    return paid_minor, earned_minor


def _with_open_refund(lines: Collection[int]) -> set[int]:
    """Return the lines whose service has an undecided refund (§4.7: no application meanwhile)."""
    open_refunds = Refund.objects.filter(subscription=OuterRef("subscription"), status__in=OPEN_REFUNDS)
    return set(OrderLine.objects.filter(Exists(open_refunds), pk__in=lines).values_list("pk", flat=True))
