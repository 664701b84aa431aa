"""Notify both parties of a credit that waits for the return of an invoice."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.money import Money
from tradepost.market.billing.events import CreditWaits
from tradepost.market.billing.models import Charge
from tradepost.market.billing.usage_months import month_of_charge
from tradepost.market.invoices.queries import item_over
from tradepost.market.invoices.usage_items import refund_on_return

from . import facts as f
from .notify import send
from .subject import Facts
from .subjects.invoices import INVOICE


def on_credit_waits(event: CreditWaits, now: datetime) -> None:
    """Notify the buyer and the seller, unless the invoice has been returned since."""
    charge = Charge.objects.select_related("accumulation", "subscription__product").get(pk=event.charge)
    month = month_of_charge(charge)
    item = item_over(month) if month is not None and charge.waiting_minor else None
    if item is None or month is None:
        return
    invoice = item.invoice
    refund = Money(refund_on_return(item, month, charge.waiting_minor), charge.currency)
    facts: Facts = {
        "amount": f.money(refund), "product": f.product_names(charge.subscription.product),
        "month": f"{month.month:%Y-%m}",
    }  # fmt: skip
    once = f"{invoice.pk}/{charge.pk}"
    send(
        [
            INVOICE.draft("buyer", invoice, "credit_waits", facts, once=once),
            INVOICE.draft("seller", invoice, "seller_credit_waits", facts, once=once),
        ],
        now=now,
    )
