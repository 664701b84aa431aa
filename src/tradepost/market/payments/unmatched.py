"""Received money without a known owner: held in suspense until an operator assigns or returns it (money.md §2)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User

from . import ledger
from .confirm import Arrival, already_booked_refusal, bank_number, check_not_own, form_refusal
from .events import RepaymentBooked
from .intent_lifecycle import FACT, INTENT, FactEvent, IntentEvent
from .intent_models import Intent, Provider, ProviderFact
from .intents import lock_intent

MAX_NOTE = 200


def record(arrival: Arrival, *, by: User, now: datetime) -> ProviderFact:
    """Record received money without a known owner. Raises ``Refused`` for a bank number that is already booked."""
    number = bank_number(arrival.bank_number)
    try:
        with transaction.atomic():
            booking = ledger.book_unmatched(
                arrival.amount, reference=number, actor=by.email, now=now, note=arrival.note
            )
            return ProviderFact.objects.create(
                provider=Provider.OFFLINE,
                provider_no=number,
                status=ProviderFact.Status.UNMATCHED,
                amount_minor=arrival.amount.minor,
                currency=arrival.amount.currency,
                payer=arrival.payer,
                words=arrival.words,
                note=arrival.note,
                seen_at=now,
                seen_by=by.email,
                arrival=booking,
            )
    except IntegrityError:
        raise already_booked_refusal() from None
    except Refused as refusal:
        raise form_refusal(refusal) from None


def assign(
    fact: ProviderFact, buyer: User, *, intent: Intent | None = None, note: str, by: User, now: datetime
) -> None:
    """Assign the money to this buyer's balance. ``intent``: the buyer's announced transfer, which is then completed. A
    seller's transfer pays the seller's debt.

    Raises ``Refused`` and then changes nothing.
    """
    check_not_own(buyer, intent.seller if intent else None, by)
    note_text = checked_reason(note)
    with transaction.atomic():
        announced_intent = lock_intent(intent) if intent else None
        current_fact = _lock_receipt(fact)
        FACT.after(current_fact.status, FactEvent.ASSIGN)
        if announced_intent is not None:
            if announced_intent.user_id != buyer.pk or announced_intent.currency != current_fact.currency:
                raise Refused("money.not_theirs", _("This transfer belongs to another buyer."), field="intent")
            accept = INTENT.allows(announced_intent.status, IntentEvent.ACCEPT)
            INTENT.move_all(
                [announced_intent], IntentEvent.ACCEPT if accept else IntentEvent.SUCCEED, now=now, actor=by.email,
                ended_at=now, check_by=None, decided_by=by.email, opinion="",
            )  # fmt: skip
        seller = announced_intent.seller if announced_intent else None
        details = {"reference": current_fact.provider_no, "actor": by.email, "note": note_text}
        if announced_intent is None or seller is None:
            moved_transfer = ledger.assign(buyer, current_fact.amount, now=now, **details)
        else:
            moved_transfer = ledger.assign_to_seller(seller, current_fact.amount, now=now, **details)
            outbox.publish(RepaymentBooked(intent=announced_intent.pk), now=now)
        FACT.move_all(
            [current_fact], FactEvent.ASSIGN, now=now, actor=by.email, note=note_text, moved=moved_transfer, user=None if seller else buyer,
            seller=seller, intent=announced_intent, ended_at=now, ended_by=by.email,
        )  # fmt: skip


def return_to_sender(fact: ProviderFact, *, note: str, by: User, now: datetime) -> None:
    """Record that the bank returned the money to its sender; ``note`` says how. Raises ``Refused`` and then changes
    nothing."""
    note_text = checked_reason(note)
    with transaction.atomic():
        current_fact = _lock_receipt(fact)
        FACT.after(current_fact.status, FactEvent.RETURN)
        reference = _reference(current_fact, current_fact.bounces)
        moved_transfer = ledger.return_to_sender(
            current_fact.amount, reference=reference, actor=by.email, now=now, note=note_text
        )
        FACT.move_all(
            [current_fact], FactEvent.RETURN, now=now, actor=by.email, note=note_text, moved=moved_transfer, ended_at=now,
            ended_by=by.email,
        )  # fmt: skip


def bounce(fact: ProviderFact, *, note: str, by: User, now: datetime) -> None:
    """Record that the bank could not deliver the returned money, which is unmatched again. Raises ``Refused`` and then
    changes nothing."""
    note_text = checked_reason(note)
    with transaction.atomic():
        current_fact = _lock_receipt(fact)
        FACT.after(current_fact.status, FactEvent.BOUNCE)
        bounces = current_fact.bounces + 1
        details = {"reference": _reference(current_fact, bounces), "actor": by.email, "note": note_text}
        ledger.book_bounce(current_fact.amount, now=now, **details)
        FACT.move_all(
            [current_fact], FactEvent.BOUNCE, now=now, actor=by.email, note=note_text, moved=None, bounces=bounces, ended_at=None,
            ended_by="",
        )  # fmt: skip


def _reference(fact: ProviderFact, bounces: int) -> str:
    """Return the bank's number; after a failed return with a counter, because each booking needs a unique reference."""
    return fact.provider_no if not bounces else f"{fact.pk}/{bounces}"


def _lock_receipt(fact: ProviderFact) -> ProviderFact:
    return ProviderFact.objects.select_for_update(of=("self",)).get(pk=fact.pk)


def checked_reason(note: str) -> str:
    """Return the checked reason of the operator, which is stored in the books. Raises ``Refused``."""
    text = note.strip()
    if not text or len(text) > MAX_NOTE:
        words = _("At most %(most)s characters.") % {"most": MAX_NOTE} if text else ""
        raise Refused(
            "money.note",
            words or _("Enter the evidence. It is recorded in the ledger."),
            HTTPStatus.BAD_REQUEST,
            field="note",
        )
    return text
