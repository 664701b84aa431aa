"""Operators' decisions on announced transfers: book the money or reject the proof (money.md §2, §3)."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Member, Seller, User

from . import ledger
from .events import RepaymentBooked, TransferRejected
from .intent_lifecycle import INTENT, IntentEvent
from .intent_models import Intent, Provider, ProviderFact
from .intents import lock_intent

BANK_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9._/#:-]{0,63}")
MAX_OPINION = 500


class Arrival(Struct, frozen=True, kw_only=True):
    """Received money as on the bank statement. ``bank_number``: the bank's number of the transaction; ``amount``:
    amount received."""

    bank_number: str
    amount: Money
    payer: str = ""
    words: str = ""
    note: str = ""


def normalized(text: str) -> str:
    """Normalize a bank number for storage: half-width, upper case, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def bank_number(text: str) -> str:
    """Return the normalized bank number, so that different spellings cannot be booked twice. Raises ``Refused`` for an
    invalid number."""
    number = normalized(text[:200])
    if not BANK_NUMBER.fullmatch(number):
        raise Refused(
            "transfer.bank_number",
            _(
                "Enter the number as shown on the bank statement: only letters, digits and . _ / # : -, at most 64 "
                "characters."
            ),
            HTTPStatus.BAD_REQUEST,
            field="bank_number",
        )
    return number


def confirm(intent: Intent, arrival: Arrival, *, by: User, now: datetime) -> ProviderFact:
    """Book the money of this transfer, even if it is late or its amount differs: on the buyer's balance, or against the
    seller's debt.

    Raises ``Refused`` for a bank number that is already booked and ``IllegalTransition`` for a completed transfer;
    nothing is changed then.
    """
    number = bank_number(arrival.bank_number)
    with transaction.atomic():
        current_intent = lock_intent(intent)
        check_not_own(current_intent.user, current_intent.seller, by)
        if arrival.amount.currency != current_intent.currency:
            raise ValueError("a transfer stays in one currency")
        may_accept = INTENT.allows(current_intent.status, IntentEvent.ACCEPT)
        event = IntentEvent.ACCEPT if may_accept else IntentEvent.SUCCEED
        INTENT.move_all(
            [current_intent],
            event,
            now=now,
            actor=by.email,
            ended_at=now,
            check_by=None,
            decided_by=by.email,
            opinion="",
        )
        try:
            with transaction.atomic():
                return _book(current_intent, arrival, number, by=by, now=now)
        except IntegrityError:
            raise already_booked_refusal() from None
        except Refused as refusal:
            raise form_refusal(refusal) from None


def _book(intent: Intent, arrival: Arrival, number: str, *, by: User, now: datetime) -> ProviderFact:
    """Book the money on the buyer's balance, or against the seller's debt."""
    details = {"reference": number, "actor": by.email, "note": arrival.note}
    if intent.seller is None:
        booking = ledger.top_up(intent.user, arrival.amount, now=now, **details)
    else:
        booking = ledger.repay(intent.seller, arrival.amount, now=now, **details)
        outbox.publish(RepaymentBooked(intent=intent.pk), now=now)
    return ProviderFact.objects.create(
        provider=Provider.OFFLINE,
        provider_no=number,
        status=ProviderFact.Status.MATCHED,
        amount_minor=arrival.amount.minor,
        currency=arrival.amount.currency,
        payer=arrival.payer,
        words=arrival.words,
        note=arrival.note,
        seen_at=now,
        seen_by=by.email,
        ended_at=now,
        ended_by=by.email,
        intent=intent,
        user=None if intent.seller else intent.user,
        seller=intent.seller,
        arrival=booking,
    )


def reject(intent: Intent, opinion: str, *, by: User, now: datetime) -> None:
    """Reject a proof that shows no received money. The buyer or seller reads the reason and may upload another proof."""
    text = opinion.strip()
    if not text or len(text) > MAX_OPINION:
        words = _("At most %(most)s characters.") % {"most": MAX_OPINION} if text else ""
        raise Refused(
            "transfer.opinion",
            words or _("Enter the reason. The buyer can see it."),
            HTTPStatus.BAD_REQUEST,
            field="opinion",
        )
    with transaction.atomic():
        current_intent = lock_intent(intent)
        check_not_own(current_intent.user, current_intent.seller, by)
        INTENT.move_all(
            [current_intent], IntentEvent.REJECT, now=now, actor=by.email, ended_at=now, check_by=None, opinion=text,
            decided_by=by.email,
        )  # fmt: skip
        outbox.publish(TransferRejected(intent=current_intent.pk), now=now)


def check_not_own(payer: User, seller: Seller | None, by: User) -> None:
    """Raise ``Refused`` if the operator paid the money or acts for the seller that did."""
    acts_for = seller is not None and Member.objects.filter(seller=seller, user=by).exists()
    if payer.pk == by.pk or acts_for:
        raise Refused(
            "transfer.own", _("This is your own payment, so another operator must decide."), HTTPStatus.FORBIDDEN
        )


def already_booked_refusal() -> Refused:
    return Refused(
        ledger.REPEATED_CODE,
        _("This number has already been booked. The same payment cannot be booked twice."),
        field="bank_number",
    )


def form_refusal(refused: Refused) -> Refused:
    """Translate the ledger's refusal for these forms."""
    return already_booked_refusal() if refused.code == ledger.REPEATED_CODE else refused
