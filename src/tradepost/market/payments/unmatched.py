"""Money that came without saying whose it is: kept in suspense until an operator finds its buyer, or sends it back
(money.md §2)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User

from . import ledger
from .confirm import Arrival, bank_number, beside_its_field, booked_before, refuse_own
from .intent_lifecycle import FACT, INTENT, FactEvent, IntentEvent
from .intent_models import Intent, Provider, ProviderFact
from .intents import locked

LONGEST_NOTE = 200


def record(arrival: Arrival, *, by: User, now: datetime) -> ProviderFact:
    """Money came, and nobody knows whose it is. Raises ``Refused`` for a bank number that was booked before."""
    number = bank_number(arrival.bank_number)
    try:
        with transaction.atomic():
            arrived = ledger.suspend(arrival.amount, reference=number, actor=by.email, now=now, note=arrival.note)
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
                arrival=arrived,
            )
    except IntegrityError:
        raise booked_before() from None
    except Refused as refused:
        raise beside_its_field(refused) from None


def assign(
    fact: ProviderFact, buyer: User, *, intent: Intent | None = None, note: str, by: User, now: datetime
) -> None:
    """The money is this buyer's, and goes onto the balance; ``intent``: the announced transfer of theirs that it is, which is
    done then. Raises ``Refused``, and nothing was changed then."""
    refuse_own(buyer, by)
    why = reason(note)
    with transaction.atomic():
        announced = locked(intent) if intent else None
        standing = _locked(fact)
        FACT.after(standing.status, FactEvent.ASSIGN)
        if announced is not None:
            if announced.user_id != buyer.pk or announced.currency != standing.currency:
                raise Refused("money.not_theirs", _("This transfer is another buyer's."), field="intent")
            accept = INTENT.allows(announced.status, IntentEvent.ACCEPT)
            INTENT.move_all(
                [announced], IntentEvent.ACCEPT if accept else IntentEvent.SUCCEED, now=now, actor=by.email,
                ended_at=now, check_by=None, decided_by=by.email, opinion="",
            )  # fmt: skip
        moved = ledger.assign(buyer, standing.amount, reference=standing.provider_no, actor=by.email, now=now, note=why)
        FACT.move_all(
            [standing], FactEvent.ASSIGN, now=now, actor=by.email, note=why, moved=moved, user=buyer, intent=announced,
            ended_at=now, ended_by=by.email,
        )  # fmt: skip


def send_back(fact: ProviderFact, *, note: str, by: User, now: datetime) -> None:
    """The bank sent it back to who had paid it; ``note`` says how. Raises ``Refused``, and nothing was changed then."""
    why = reason(note)
    with transaction.atomic():
        standing = _locked(fact)
        FACT.after(standing.status, FactEvent.RETURN)
        moved = ledger.send_back(standing.amount, reference=standing.provider_no, actor=by.email, now=now, note=why)
        FACT.move_all(
            [standing], FactEvent.RETURN, now=now, actor=by.email, note=why, moved=moved, ended_at=now,
            ended_by=by.email,
        )  # fmt: skip


def _locked(fact: ProviderFact) -> ProviderFact:
    return ProviderFact.objects.select_for_update(of=("self",)).get(pk=fact.pk)


def reason(note: str) -> str:
    """Why an operator decided so; stands in the books. Raises ``Refused``."""
    said = note.strip()
    if not said or len(said) > LONGEST_NOTE:
        words = _("At most %(most)s characters.") % {"most": LONGEST_NOTE} if said else ""
        raise Refused(
            "money.note", words or _("Say how you know: it stays in the books."), HTTPStatus.BAD_REQUEST, field="note"
        )
    return said
