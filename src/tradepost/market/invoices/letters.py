"""Explanation letters: a buyer whose accountant does not accept a seller's invoice gets one from the market (business-rules §6.2).

Only of an invoice that is issued and stands. It says the invoice's own amount, is kept for some months, and has no legal effect. It is
sealed at once: where the platform's took five minutes, nobody waits.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import moved
from tradepost.market.subscriptions.paid_time import period_end

from .models import ExplanationLetter, Invoice, IssuedInvoice
from .take_back import locked

HISTORY = "invoice letter"
"""Under which it stands in an invoice's history that a letter was made."""
_CODE = 24


def make_letter(invoice: Invoice, *, months: int, now: datetime) -> ExplanationLetter:
    """The letter of the invoice as it stands; the one that there is, while it is kept. Raises ``Refused``, and nothing was changed
    then."""
    with transaction.atomic():
        standing = locked(invoice)
        if standing.payer_id is not None:
            raise Refused("letter.fee", _("The market itself issued this invoice: nothing is to be explained."))
        issued = IssuedInvoice.objects.filter(invoice=standing, withdrawn_at=None).first()
        if standing.status != Invoice.Status.DONE or issued is None:
            raise Refused("letter.not_issued", _("There is a letter only about an invoice that is issued and stands."))
        if (kept := _kept(issued, now)) is not None:
            return kept
        made = ExplanationLetter.objects.create(
            issued=issued, number=ids.dated_number("SM", now), code=ids.chance(ids.ALPHABET, _CODE),
            made_at=now, until=period_end(now, "month", months),
        )  # fmt: skip
        moved(standing, HISTORY, "letter", now=now, actor=standing.buyer.email, note=made.number)
    return made


def letter_of(issued: IssuedInvoice | None, *, now: datetime) -> ExplanationLetter | None:
    """Of the invoice that holds; None where none was asked for, or it is not kept any more."""
    return None if issued is None or issued.withdrawn_at is not None else _kept(issued, now)


def _kept(issued: IssuedInvoice, now: datetime) -> ExplanationLetter | None:
    return ExplanationLetter.objects.filter(issued=issued, until__gt=now).order_by("-until").first()


class Checked(Struct, frozen=True):
    """What whoever has a letter finds out about it."""

    letter: ExplanationLetter
    invoice: Invoice
    kept: bool
    """Whether its time is not over."""

    @property
    def stands(self) -> bool:
        return self.letter.issued.withdrawn_at is None

    @property
    def buyer(self) -> str:
        """To whom the invoice is made out, so far that it can be compared: a letter passes through many hands."""
        return masked(self.invoice.name)


def masked(name: str) -> str:
    """Its first and last character. Pure."""
    return name if len(name) < 2 else f"{name[0]}…{name[-1]}"


def check_letter(code: str, *, now: datetime) -> Checked | None:
    """By what stands in its address; None for a letter that this market never made."""
    if len(code) != _CODE:
        return None
    letters = ExplanationLetter.objects.select_related("issued__invoice__seller")
    found = letters.filter(code=code).first()
    return None if found is None else Checked(found, found.issued.invoice, kept=found.until > now)
