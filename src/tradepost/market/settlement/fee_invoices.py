"""Statements whose fee a seller can have invoiced, and the application (business-rules §6.5).

Only paid statements. A negative fee is always included in the next invoice.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller, User
from tradepost.market.invoices.deadlines import IssueDeadline
from tradepost.market.invoices.for_fees import FeeApplication, FeePart, apply_for_fee
from tradepost.market.invoices.models import FEE, Invoice, InvoiceItem

from .models import Statement

MAX_STATEMENTS = 60
"""Statements per invoice: five years."""


def to_invoice(seller: Seller) -> list[Statement]:
    """Return the statements without an invoice, latest first. A seller has one a month, so all are read."""
    live = InvoiceItem.objects.filter(invoice__payer=seller, live=True).values_list("source", flat=True)
    invoiced_numbers = {source.removeprefix(FEE) for source in live}
    paid_statements = Statement.objects.filter(seller=seller, status=Statement.Status.PAID).exclude(fee_minor=0)
    return [statement for statement in paid_statements.order_by("-pk") if statement.number not in invoiced_numbers]


def apply(
    by: User, seller: Seller, numbers: Collection[str], application: FeeApplication, *, patience: IssueDeadline, a_day: int,
    now: datetime,
) -> Invoice:  # fmt: skip
    """Apply for an invoice over the fees of these statements. Raises ``Refused`` and then changes nothing."""
    if not numbers or len(numbers) > MAX_STATEMENTS:
        raise _invalid(_("Choose at least one statement, and at most %(most)s.") % {"most": MAX_STATEMENTS})
    with transaction.atomic():
        list(Statement.objects.select_for_update(of=("self",)).filter(seller=seller, number__in=numbers).order_by("pk"))
        open_statements = {statement.number: statement for statement in to_invoice(seller)}
        if unknown_numbers := set(numbers) - set(open_statements):
            words = _("No invoice is available for %(numbers)s: not paid, no fee, or invoiced already.")
            raise _invalid(words % {"numbers": ", ".join(sorted(unknown_numbers))[:200]})
        chosen = [open_statements[number] for number in dict.fromkeys(numbers)]
        if len({statement.currency for statement in chosen}) != 1:
            raise _invalid(_("An invoice can use only one currency. Choose again."))
        negative = [
            statement
            for statement in open_statements.values()
            if statement.fee_minor < 0 and statement.currency == chosen[0].currency
        ]
        parts = [
            FeePart(statement=statement.number, minor=statement.fee_minor)
            for statement in sorted(
                {statement.pk: statement for statement in (*chosen, *negative)}.values(),
                key=lambda statement: statement.pk,
            )
        ]
        return apply_for_fee(
            by, seller, parts, chosen[0].currency, application, patience=patience, a_day=a_day, now=now
        )


def _invalid(words: str) -> Refused:
    return Refused("fee_invoice.statements", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="statements")
