"""Apply for an invoice over the market's fee: a seller does, and the market issues it (business-rules §6.5).

The market issues under the seller that it operates itself; from there on it is an invoice like all others: reviewed, issued, corrected
and taken back in the same way, with the same time for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller, User
from tradepost.market.identity.self_operated import the_market

from . import receiver as receivers
from . import titles
from .apply import application_number, checked_remark
from .events import InvoiceRequested
from .models import FEE, TITLE_FIELDS, Invoice, InvoiceItem, InvoiceTitle, InvoiceType
from .patience import Patience, wait
from .receiver import InvoiceReceiver
from .titles import TitleDocument
from .types import offered_by


class FeePart(Struct, frozen=True, kw_only=True):
    """The fee of one statement, by its number, in minor units."""

    statement: str
    minor: int


class FeeApplication(Struct, frozen=True, kw_only=True):
    """What a seller wants beside the statements: as it was typed."""

    invoice_type: str
    title: TitleDocument
    receiver: InvoiceReceiver
    remark: str = ""


def issuer() -> Seller:
    """Who issues it. Raises ``Refused`` until an operator has said so."""
    market = the_market()
    if market is None:
        raise Refused(
            "fee_invoice.nobody",
            _(
                "The market has not said yet which company issues its invoices. Write to the operator, then apply again."
            ),
        )
    return market


def apply_for_fee(
    by: User, payer: Seller, parts: Sequence[FeePart], currency: str, wanted: FeeApplication, *, patience: Patience, a_day: int,
    now: datetime,
) -> Invoice:  # fmt: skip
    """Ask under the lock of the statements. Raises ``Refused``, and nothing was changed then."""
    market, total = issuer(), sum(part.minor for part in parts)
    if total <= 0:
        raise _wrong("statements", _("The fees of these statements come to nothing that could be invoiced."))
    if wanted.invoice_type not in {one.value for one in offered_by(market)}:
        raise _wrong("type", _("The market does not issue such invoices. Choose another type."))
    kind = InvoiceType(wanted.invoice_type)
    title = titles.checked(wanted.title)
    if kind.special and not InvoiceTitle(**{name: getattr(title, name) for name in TITLE_FIELDS}).complete:
        raise _wrong("bank_account", _("A special invoice needs address, telephone, bank and account of the company."))
    receiver, remark = receivers.checked(wanted.receiver, kind), checked_remark(wanted.remark)
    asked = Invoice.objects.filter(payer=payer, applied_at__gt=now - timedelta(days=1))
    if asked.count() >= a_day:
        raise Refused(
            "invoice.too_many",
            _("You have applied for many invoices today: go on tomorrow."),
            HTTPStatus.TOO_MANY_REQUESTS,
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
            wait(invoice, patience=patience, now=now)
            outbox.publish(InvoiceRequested(invoice=invoice.pk), now=now)
    except IntegrityError:
        raise _wrong("statements", _("One of these stands on another invoice meanwhile: look at them again.")) from None
    return invoice


def _wrong(field: str, words: str) -> Refused:
    return Refused(f"fee_invoice.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
