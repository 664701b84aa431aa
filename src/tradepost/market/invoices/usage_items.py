"""Months of usage on invoices: chosen months and their amounts (business-rules §6.2).

The buyer's account is locked while amounts are computed and changed, as it is for charges, payments and credits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db.models import Q, Sum

from tradepost.market.base.money import Money
from tradepost.market.billing import usage_invoicing
from tradepost.market.billing.models import UsageMonth
from tradepost.market.identity.models import User

from .invoiceable import NotInvoiceable, month_amount
from .models import USAGE, Invoice, InvoiceItem

_KEY = re.compile(r"([0-9]{1,18}):([0-9]{4})(0[1-9]|1[0-2])")


def months_of(buyer: User, keys: Iterable[str]) -> list[UsageMonth]:
    """Return the buyer's months with these keys, such as ``12:202610``, newest first. Unknown keys are left out."""
    matches = [match for key in keys if (match := _parse(key))]
    service_months = [(int(match[1]), date(int(match[2]), int(match[3]), 1)) for match in matches]
    if not service_months:
        return []
    condition = Q()
    for subscription, month in service_months:
        condition |= Q(subscription=subscription, month=month)
    months = UsageMonth.objects.filter(condition, buyer=buyer).select_related("subscription__product", "seller")
    return list(months.order_by("-pk"))


def _parse(key: str) -> re.Match[str] | None:
    match = _KEY.fullmatch(key)
    return match if match and match[2] != "0000" else None


def month_amounts(months: Sequence[UsageMonth], *, now: datetime) -> dict[int, int | NotInvoiceable]:
    """Return the results by key of the month."""
    if not months:
        return {}
    return {pk: month_amount(state) for pk, state in usage_invoicing.states_of(months, now=now).items()}


def add_items(invoice: Invoice, months: Sequence[UsageMonth], amounts: Sequence[int]) -> None:
    """Add these months to the invoice. The caller holds the lock of the buyer's account."""
    used_sources = set(
        InvoiceItem.objects.filter(usage__in=months, live=True).values_list("source", flat=True)
    )  # fmt: skip
    InvoiceItem.objects.bulk_create(
        InvoiceItem(invoice=invoice, source=_source(month, used_sources), usage=month, minor=minor)
        for month, minor in zip(months, amounts, strict=True)
    )
    usage_invoicing.reserve({month.pk: minor for month, minor in zip(months, amounts, strict=True)})


def _source(month: UsageMonth, used_sources: set[str]) -> str:
    """Return the source; later payments of an invoiced month get a part number."""
    first_source = f"{USAGE}{month.key}"
    part = 1
    while (source := first_source if part == 1 else f"{first_source}:{part}") in used_sources:
        part += 1
    return source


def release(invoice: Invoice, *, now: datetime) -> None:
    """Remove the months from an invoice that ends. Locks the buyer's account last."""
    items = InvoiceItem.objects.filter(invoice=invoice, live=True, usage__isnull=False).order_by()
    amounts = dict(items.values_list("usage").annotate(total=Sum("minor")))
    if amounts:
        items.update(live=False)
        usage_invoicing.release(amounts, invoice.buyer, invoice.seller, invoice.currency, now=now)


def waiting_credit(invoice: Invoice) -> Money | None:
    """Return the credits that are refunded once this invoice is returned; None without any."""
    months = {item.usage: item for item in invoice.items.all() if item.usage is not None and item.live}
    waiting_credits = usage_invoicing.waiting_credits(list(months)) if months else {}
    minor = sum(refund_on_return(item, month, waiting_credits.get(month.pk, 0)) for month, item in months.items())
    return Money(minor, invoice.currency) if minor else None


def refund_on_return(item: InvoiceItem, month: UsageMonth, waiting: int) -> int:
    """Return the part of a waiting credit that is refunded once this item's invoice is returned. Another invoice may
    cover the rest."""
    return min(waiting, month.paid_minor - month.invoiced_minor + item.minor)
