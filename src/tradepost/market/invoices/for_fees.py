"""Apply for an invoice over the market's fee, as a seller to the market (business-rules §6.5).

The market issues it through its own seller account; from then on it is handled like any other invoice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.quotas import wait_for_room
from tradepost.market.identity.models import Seller, User
from tradepost.market.identity.self_operated import market_seller

from . import receiver as receivers
from . import titles
from .apply import application_number, checked_remark
from .deadlines import IssueDeadline, start_deadline
from .events import InvoiceRequested
from .models import FEE, TITLE_FIELDS, Invoice, InvoiceItem, InvoiceTitle, InvoiceType
from .receiver import InvoiceReceiver
from .titles import TitleDocument
from .types import offered_by


class FeePart(Struct, frozen=True, kw_only=True):
    """Fee of one statement by number, in minor units."""

    statement: str
    minor: int


class FeeApplication(Struct, frozen=True, kw_only=True):
    """Application of a seller, as entered, without the statements."""

    invoice_type: str
    title: TitleDocument
    receiver: InvoiceReceiver
    remark: str = ""


def issuer() -> Seller:
    """Return the issuing company. Raises ``Refused`` until an operator has chosen it."""
    market = market_seller()
    if market is None:
        raise Refused(
            "fee_invoice.nobody",
            _(
                "The market has not set the company that issues its invoices. Ask the operator to set it, then "
                "apply again."
            ),
        )
    return market


def apply_for_fee(
    by: User, payer: Seller, parts: Sequence[FeePart], currency: str, application: FeeApplication, *, patience: IssueDeadline, a_day: int,
    now: datetime,
) -> Invoice:  # fmt: skip
    """Apply under the lock of the statements. Raises ``Refused`` and then changes nothing."""
    market, total = issuer(), sum(part.minor for part in parts)
    if total <= 0:
        raise _invalid("statements", _("The fees of these statements do not add up to an amount that can be invoiced."))
    if application.invoice_type not in {offered_type.value for offered_type in offered_by(market)}:
        raise _invalid("type", _("The market does not issue such invoices. Choose another type."))
    kind = InvoiceType(application.invoice_type)
    title = titles.checked(application.title)
    if kind.special and not InvoiceTitle(**{name: getattr(title, name) for name in TITLE_FIELDS}).complete:
        raise _invalid(
            "bank_account", _("A special invoice requires the company's address, telephone, bank and account.")
        )
    receiver, remark = receivers.checked(application.receiver, kind), checked_remark(application.remark)
    if seconds := wait_for_room(Invoice.objects.filter(payer=payer), "applied_at", a_day, now=now):
        raise Refused(
            "invoice.too_many",
            _("You have reached today's limit for invoice applications. Apply again tomorrow."),
            HTTPStatus.TOO_MANY_REQUESTS,
            wait=seconds,
        )
    try:
        with transaction.atomic():
            invoice = Invoice.objects.create(
                number=application_number(now), buyer=by, seller=market, payer=payer, invoice_type=kind.value,
                amount_minor=total, currency=currency, receiver_email=receiver.email, receiver_name=receiver.name,
                receiver_phone=receiver.phone, receiver_address=receiver.address, remark=remark, applied_at=now,
                **{name: getattr(title, name) for name in TITLE_FIELDS},
            )  # fmt: skip
            InvoiceItem.objects.bulk_create(
                InvoiceItem(invoice=invoice, source=f"{FEE}{part.statement}", minor=part.minor) for part in parts
            )
            start_deadline(invoice, patience=patience, now=now)
            outbox.publish(InvoiceRequested(invoice=invoice.pk), now=now)
    except IntegrityError:
        raise _invalid(
            "statements", _("One of these statements is already on another invoice. Check the statements again.")
        ) from None
    return invoice


def _invalid(field: str, words: str) -> Refused:
    return Refused(f"fee_invoice.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
