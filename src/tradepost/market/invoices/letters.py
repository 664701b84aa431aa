"""Explanation letters: the market explains a seller's invoice to the buyer's accountant (business-rules §6.2).

Only for issued, valid invoices. A letter states the invoice's amount, is kept for some months, and has no legal effect.
It is created at once, while the reference platform took five minutes.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move
from tradepost.market.subscriptions.paid_time import period_end

from .models import ExplanationLetter, Invoice, IssuedInvoice
from .take_back import locked

HISTORY = "invoice letter"
"""Name of the entry in the invoice's history."""
_CODE = 24


def make_letter(invoice: Invoice, *, months: int, now: datetime) -> ExplanationLetter:
    """Return the letter of the present invoice; an existing one is reused. Raises ``Refused`` and then changes nothing."""
    with transaction.atomic():
        current_invoice = locked(invoice)
        if current_invoice.payer_id is not None:
            raise Refused("letter.fee", _("The market issued this invoice, so no explanation letter is needed."))
        issued_invoice = IssuedInvoice.objects.filter(invoice=current_invoice, withdrawn_at=None).first()
        if current_invoice.status != Invoice.Status.DONE or issued_invoice is None:
            raise Refused("letter.not_issued", _("Explanation letters are available only for issued, valid invoices."))
        if (existing := _retained(issued_invoice, now)) is not None:
            return existing
        letter = ExplanationLetter.objects.create(
            issued=issued_invoice, number=ids.dated_number("SM", now), code=ids.draw_random(ids.ALPHABET, _CODE),
            made_at=now, until=period_end(now, "month", months),
        )  # fmt: skip
        record_move(current_invoice, HISTORY, "letter", now=now, actor=current_invoice.buyer.email, note=letter.number)
    return letter


def letter_of(issued: IssuedInvoice | None, *, now: datetime) -> ExplanationLetter | None:
    """Return the letter of a valid invoice; None without a request or after its retention."""
    return None if issued is None or issued.withdrawn_at is not None else _retained(issued, now)


def _retained(issued_invoice: IssuedInvoice, now: datetime) -> ExplanationLetter | None:
    return ExplanationLetter.objects.filter(issued=issued_invoice, until__gt=now).order_by("-until").first()


class LetterCheck(Struct, frozen=True):
    """Result of verifying a letter."""

    letter: ExplanationLetter
    invoice: Invoice
    kept: bool
    """Whether it is still retained."""

    @property
    def stands(self) -> bool:
        return self.letter.issued.withdrawn_at is None

    @property
    def buyer(self) -> str:
        """Masked name on the invoice, for comparison; a letter may be passed on."""
        return masked(self.invoice.name)


def masked(name: str) -> str:
    """Return the first and last character of a name."""
    return name if len(name) < 2 else f"{name[0]}…{name[-1]}"


def check_letter(code: str, *, now: datetime) -> LetterCheck | None:
    """Verify a letter by the code in its address; None if this market did not issue it."""
    if len(code) != _CODE:
        return None
    letters = ExplanationLetter.objects.select_related("issued__invoice__seller")
    letter = letters.filter(code=code).first()
    return None if letter is None else LetterCheck(letter, letter.issued.invoice, kept=letter.until > now)
