"""What operators decide about announced transfers: the money is there and is booked, or the proof is not accepted
(money.md §2, §3)."""

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
from tradepost.market.identity.models import User

from . import ledger
from .events import TransferRejected
from .intent_lifecycle import INTENT, IntentEvent
from .intent_models import Intent, Provider, ProviderFact
from .intents import locked

BANK_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9._/#:-]{0,63}")
LONGEST_OPINION = 500


class Arrival(Struct, frozen=True, kw_only=True):
    """Money that came, as the bank's statement says. ``bank_number`` is the bank's for the transaction; ``amount`` what really
    came."""

    bank_number: str
    amount: Money
    payer: str = ""
    words: str = ""
    note: str = ""


def as_kept(text: str) -> str:
    """A number of a bank in the one form in which it is kept: half-width, capital, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def bank_number(text: str) -> str:
    """A bank's number of a transaction as it is kept, so that nobody books one twice by writing it otherwise. Raises
    ``Refused`` for what is none."""
    number = as_kept(text[:200])
    if not BANK_NUMBER.fullmatch(number):
        raise Refused(
            "transfer.bank_number",
            _("Write the number as the statement has it: letters, digits and . _ / # : - only, at most 64 of them."),
            HTTPStatus.BAD_REQUEST,
            field="bank_number",
        )
    return number


def confirm(intent: Intent, arrival: Arrival, *, by: User, now: datetime) -> ProviderFact:
    """The money of this transfer is there: what came is booked on its buyer's balance, whatever was announced. Also when it is
    late.

    Raises ``Refused`` for a bank number that was booked before, and ``IllegalTransition`` when the transfer is done; nothing
    was changed then.
    """
    number = bank_number(arrival.bank_number)
    with transaction.atomic():
        standing = locked(intent)
        refuse_own(standing.user, by)
        if arrival.amount.currency != standing.currency:
            raise ValueError("a transfer stays in one currency")
        may_accept = INTENT.allows(standing.status, IntentEvent.ACCEPT)
        event = IntentEvent.ACCEPT if may_accept else IntentEvent.SUCCEED
        INTENT.move_all(
            [standing], event, now=now, actor=by.email, ended_at=now, check_by=None, decided_by=by.email, opinion=""
        )
        try:
            with transaction.atomic():
                arrived = ledger.top_up(
                    standing.user, arrival.amount, reference=number, actor=by.email, now=now, note=arrival.note
                )
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
                    intent=standing,
                    user=standing.user,
                    arrival=arrived,
                )
        except IntegrityError:
            raise booked_before() from None
        except Refused as refused:
            raise beside_its_field(refused) from None


def reject(intent: Intent, opinion: str, *, by: User, now: datetime) -> None:
    """The proof shows no money that came. Its buyer reads why, and may show another one."""
    said = opinion.strip()
    if not said or len(said) > LONGEST_OPINION:
        words = _("At most %(most)s characters.") % {"most": LONGEST_OPINION} if said else ""
        raise Refused(
            "transfer.opinion", words or _("Say why: the buyer reads it."), HTTPStatus.BAD_REQUEST, field="opinion"
        )
    with transaction.atomic():
        standing = locked(intent)
        refuse_own(standing.user, by)
        INTENT.move_all(
            [standing], IntentEvent.REJECT, now=now, actor=by.email, ended_at=now, check_by=None, opinion=said,
            decided_by=by.email,
        )  # fmt: skip
        outbox.publish(TransferRejected(intent=standing.pk), now=now)


def refuse_own(buyer: User, by: User) -> None:
    """Nobody decides about their own money."""
    if buyer.pk == by.pk:
        raise Refused("transfer.own", _("This money is yours: another operator must decide."), HTTPStatus.FORBIDDEN)


def booked_before() -> Refused:
    return Refused(
        ledger.REPEATED,
        _("This number is booked already: the same money is not booked twice."),
        field="bank_number",
    )


def beside_its_field(refused: Refused) -> Refused:
    """The ledger's refusal in the words of these forms."""
    return booked_before() if refused.code == ledger.REPEATED else refused
