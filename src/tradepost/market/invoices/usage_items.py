"""Months of usage on invoices: which months a buyer means, and what of each is applied for (business-rules §6.2).

The buyer's account is locked while amounts are computed and changed, as it is while usage is charged, paid and credited.
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

from .invoiceable import Why, judge_month
from .models import USAGE, Invoice, InvoiceItem

_KEY = re.compile(r"([0-9]{1,18}):([0-9]{4})(0[1-9]|1[0-2])")


def months_of(buyer: User, keys: Iterable[str]) -> list[UsageMonth]:
    """This buyer's months with these keys, such as ``12:202610``, newest first. Unknown keys are left out."""
    parsed = [match for key in keys if (match := _parse(key))]
    places = [(int(match[1]), date(int(match[2]), int(match[3]), 1)) for match in parsed]
    if not places:
        return []
    wanted = Q()
    for subscription, month in places:
        wanted |= Q(subscription=subscription, month=month)
    found = UsageMonth.objects.filter(wanted, buyer=buyer).select_related("subscription__product", "seller")
    return list(found.order_by("-pk"))


def _parse(key: str) -> re.Match[str] | None:
    found = _KEY.fullmatch(key)
    return found if found and found[2] != "0000" else None


def judge_months(months: Sequence[UsageMonth], *, now: datetime) -> dict[int, int | Why]:
    """By the key of the row."""
    if not months:
        return {}
    return {pk: judge_month(state) for pk, state in usage_invoicing.states_of(months, now=now).items()}


def keep(invoice: Invoice, months: Sequence[UsageMonth], amounts: Sequence[int]) -> None:
    """Put these months on the invoice. The buyer's account is locked."""
    taken = set(
        InvoiceItem.objects.filter(usage__in=months, live=True).values_list("source", flat=True)
    )  # fmt: skip
    InvoiceItem.objects.bulk_create(
        InvoiceItem(invoice=invoice, source=_source(month, taken), usage=month, minor=minor)
        for month, minor in zip(months, amounts, strict=True)
    )
    usage_invoicing.reserve({month.pk: minor for month, minor in zip(months, amounts, strict=True)})


def _source(month: UsageMonth, taken: set[str]) -> str:
    """What is paid after the first invoice of a month is a further part of it."""
    first = f"{USAGE}{month.key}"
    part = 1
    while (source := first if part == 1 else f"{first}:{part}") in taken:
        part += 1
    return source


def release(invoice: Invoice, *, now: datetime) -> None:
    """Take the months off an invoice that ends. Locks the buyer's account, last of all."""
    items = InvoiceItem.objects.filter(invoice=invoice, live=True, usage__isnull=False).order_by()
    amounts = dict(items.values_list("usage").annotate(total=Sum("minor")))
    if amounts:
        items.update(live=False)
        usage_invoicing.release(amounts, invoice.buyer, invoice.seller, invoice.currency, now=now)


def waiting_credit(invoice: Invoice) -> Money | None:
    """Credits that are refunded once this invoice is returned; None without any."""
    months = {item.usage: item for item in invoice.items.all() if item.usage is not None and item.live}
    waiting = usage_invoicing.waiting_credits(list(months)) if months else {}
    minor = sum(refund_on_return(item, month, waiting.get(month.pk, 0)) for month, item in months.items())
    return Money(minor, invoice.currency) if minor else None


def refund_on_return(item: InvoiceItem, month: UsageMonth, waiting: int) -> int:
    """How much of a waiting credit is refunded once the invoice of this item is returned. Another invoice may cover the rest."""
    return min(waiting, month.paid_minor - month.invoiced_minor + item.minor)
