"""Which statements a seller can have an invoice over the market's fee for, and the application (business-rules §6.5): only paid ones;
one whose fee is below nothing goes along with the next, and cannot be left out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller, User
from tradepost.market.invoices.for_fees import FeeApplication, FeePart, apply_for_fee
from tradepost.market.invoices.models import FEE, Invoice, InvoiceItem
from tradepost.market.invoices.patience import Patience

from .models import Statement

MOST = 60
"""Statements on one invoice: five years of them."""


def to_invoice(seller: Seller) -> list[Statement]:
    """The latest first. A seller has one a month, so that all of them are looked at."""
    live = InvoiceItem.objects.filter(invoice__payer=seller, live=True).values_list("source", flat=True)
    standing = {source.removeprefix(FEE) for source in live}
    paid = Statement.objects.filter(seller=seller, status=Statement.Status.PAID).exclude(fee_minor=0)
    return [one for one in paid.order_by("-pk") if one.number not in standing]


def apply(
    by: User, seller: Seller, numbers: Collection[str], wanted: FeeApplication, *, patience: Patience, a_day: int,
    now: datetime,
) -> Invoice:  # fmt: skip
    """Raises ``Refused``, and nothing was changed then."""
    if not numbers or len(numbers) > MOST:
        raise _wrong(_("Choose at least one statement, and at most %(most)s.") % {"most": MOST})
    with transaction.atomic():
        list(Statement.objects.select_for_update(of=("self",)).filter(seller=seller, number__in=numbers).order_by("pk"))
        free = {one.number: one for one in to_invoice(seller)}
        if unknown := set(numbers) - set(free):
            words = _("There is no invoice to be had for %(numbers)s: not paid, no fee, or invoiced already.")
            raise _wrong(words % {"numbers": ", ".join(sorted(unknown))[:200]})
        chosen = [free[number] for number in dict.fromkeys(numbers)]
        if len({one.currency for one in chosen}) != 1:
            raise _wrong(_("An invoice is in one currency. Choose again."))
        owed = [one for one in free.values() if one.fee_minor < 0 and one.currency == chosen[0].currency]
        parts = [
            FeePart(statement=one.number, minor=one.fee_minor)
            for one in sorted({one.pk: one for one in (*chosen, *owed)}.values(), key=lambda one: one.pk)
        ]
        return apply_for_fee(by, seller, parts, chosen[0].currency, wanted, patience=patience, a_day=a_day, now=now)


def _wrong(words: str) -> Refused:
    return Refused("fee_invoice.statements", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="statements")
