"""Which types of invoices a seller issues (business-rules §6.2)."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller

from .models import InvoiceType, OfferedType

UNTIL_CHOSEN = frozenset({InvoiceType.GENERAL_DIGITAL})
"""Of a seller that has not chosen: every company in China can issue this one, from 2024-12 on. The source is silent."""


def offered_by(seller: Seller) -> frozenset[InvoiceType]:
    chosen = OfferedType.objects.filter(seller=seller).values_list("invoice_type", flat=True)
    return frozenset(InvoiceType(one) for one in chosen) or UNTIL_CHOSEN


def has_chosen(seller: Seller) -> bool:
    return OfferedType.objects.filter(seller=seller).exists()


def offer(seller: Seller, types: Collection[str]) -> None:
    """From now on these; what was applied for before is not touched. Raises ``Refused``."""
    wanted = {one for one in types if one in InvoiceType.values}
    if not wanted:
        raise Refused(
            "invoice.no_type", _("Choose at least one: buyers have a right to an invoice."), HTTPStatus.BAD_REQUEST,
            field="types",
        )  # fmt: skip
    with transaction.atomic():
        OfferedType.objects.filter(seller=seller).exclude(invoice_type__in=wanted).delete()
        OfferedType.objects.bulk_create(
            [OfferedType(seller=seller, invoice_type=one) for one in sorted(wanted)], ignore_conflicts=True
        )
