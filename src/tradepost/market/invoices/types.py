"""Invoice types that a seller issues (business-rules §6.2)."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller

from .models import InvoiceType, OfferedType

DEFAULT_TYPES = frozenset({InvoiceType.GENERAL_DIGITAL})
"""Types of a seller without a choice: every company in China can issue this one since 2024-12. The specification is
silent."""


def offered_by(seller: Seller) -> frozenset[InvoiceType]:
    chosen = OfferedType.objects.filter(seller=seller).values_list("invoice_type", flat=True)
    return frozenset(InvoiceType(value) for value in chosen) or DEFAULT_TYPES


def has_chosen(seller: Seller) -> bool:
    return OfferedType.objects.filter(seller=seller).exists()


def set_types(seller: Seller, types: Collection[str]) -> None:
    """Set the seller's types; existing applications are not affected. Raises ``Refused``."""
    chosen = {value for value in types if value in InvoiceType.values}
    if not chosen:
        raise Refused(
            "invoice.no_type", _(
                "Choose at least one type. Buyers have a right to an invoice."), HTTPStatus.BAD_REQUEST,
            field="types",
        )  # fmt: skip
    with transaction.atomic():
        OfferedType.objects.filter(seller=seller).exclude(invoice_type__in=chosen).delete()
        OfferedType.objects.bulk_create(
            [OfferedType(seller=seller, invoice_type=invoice_type) for invoice_type in sorted(chosen)],
            ignore_conflicts=True,
        )
