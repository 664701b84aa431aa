"""A transfer that a buyer announces, until an operator books it: begun, shown by a proof, withdrawn, not waited for any more
(money.md §2). Operators decide in ``confirm.py``.

Whoever acts locks the timer first, as the timer itself does, then the intent, then accounts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta, tzinfo
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct, field

from tradepost.market.assets.models import Proof
from tradepost.market.assets.proofs import use_proofs, used_by
from tradepost.market.base import ids, jobs, outbox
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.base.working_days import due
from tradepost.market.identity.models import User

from .events import TransferExpired, TransferProofGiven
from .intent_lifecycle import INTENT, IntentEvent
from .intent_models import OPEN, Intent, Provider
from .ledger import lock_buyer

WAITS = "payments.transfer"
"""Kind of the timer that stands while money is waited for; its key is the intent's."""
MOST_PROOFS = 5
DAY = timedelta(days=1)


class Rules(Struct, frozen=True, kw_only=True):
    """What may be announced. Amounts are in minor units; ``pay_to``: the bank account, as it is shown."""

    least: Money
    most: Money
    waits: timedelta
    open_most: int
    a_day: int
    pay_to: Mapping[str, str] = field(default_factory=dict)


class Checking(Struct, frozen=True, kw_only=True):
    """Until when an operator has looked at a proof. ``closes``: the local time at which a working day ends."""

    workdays: int
    zone: tzinfo
    closes: time
    open_most: int = 20
    """Transfers of one buyer that may be open at a time."""

    def by(self, now: datetime) -> datetime:
        return due(now, self.workdays, zone=self.zone, closes=self.closes).at


def begin(
    user: User, amount: Money, *, purpose: str = "", rules: Rules, now: datetime, draw: ids.Chance = ids.chance
) -> Intent:
    """Announce a transfer of this amount; ``purpose``: the number of the order that waits for it.

    The same form sent twice is one transfer: the one that is waited for already is given back. Raises ``Refused``, and
    nothing was changed then.
    """
    if not rules.least.minor <= amount.minor <= rules.most.minor:
        raise Refused(
            "transfer.amount", _("This amount cannot be announced: see between which it must be."),
            HTTPStatus.BAD_REQUEST, field="amount",
        )  # fmt: skip
    with transaction.atomic():
        lock_buyer(user, amount.currency)  # what is counted below is counted under it
        mine = Intent.objects.filter(user=user)
        waiting = mine.filter(
            status=Intent.Status.PENDING, purpose=purpose, amount_minor=amount.minor, currency=amount.currency,
            waits_until__gt=now,
        )  # fmt: skip
        if (same := waiting.order_by("-pk").first()) is not None:
            return same
        _must_have_room(user, rules.open_most)
        latest = mine.order_by("-pk").values_list("created_at", flat=True)[: rules.a_day]
        if sum(created_at > now - DAY for created_at in latest) >= rules.a_day:
            raise Refused(
                "transfer.too_many", _("You have announced many transfers today: go on tomorrow."),
                HTTPStatus.TOO_MANY_REQUESTS,
            )  # fmt: skip
        intent = Intent.objects.create(
            number=ids.transfer_reference(draw),
            provider=Provider.OFFLINE,
            status=Intent.Status.CREATED,
            user=user,
            amount_minor=amount.minor,
            currency=amount.currency,
            purpose=purpose,
            pay_to=dict(rules.pay_to),
            created_at=now,
            waits_until=now + rules.waits,
        )
        INTENT.move(intent, IntentEvent.BEGIN, now=now, actor=user.email)
        jobs.schedule(WAITS, str(intent.pk), due_at=intent.waits_until, payload={"intent": intent.pk})
    return intent


def _must_have_room(user: User, most: int) -> None:
    """Under the lock of the buyer."""
    if Intent.objects.filter(user=user, status__in=OPEN).count() >= most:
        words = _("%(number)s transfers are open already. Withdraw one that you do not need.")
        raise Refused("transfer.too_many_open", words % {"number": most})


def give_proof(intent: Intent, proofs: Collection[str], *, checking: Checking, now: datetime) -> None:
    """Show documents of the transfer, given by their hashes; those that were shown before stay. Also late: what is not
    waited for any more is looked at again. Raises ``Refused``, and nothing was changed then."""
    if not proofs:
        raise Refused("transfer.no_proof", _("Choose a file."), HTTPStatus.BAD_REQUEST, field="proof")
    with transaction.atomic():
        standing = locked(intent)
        before = proofs_of(standing)
        wanted = {*(proof.sha256 for proof in before), *proofs}
        if len(wanted) > MOST_PROOFS:
            words = _("At most %(number)s documents belong to a transfer.") % {"number": MOST_PROOFS}
            raise Refused("transfer.too_many_proofs", words, HTTPStatus.BAD_REQUEST, field="proof")
        if standing.status not in OPEN:  # it would be open again
            lock_buyer(standing.user, standing.currency)
            _must_have_room(standing.user, checking.open_most)
        waits = standing.check_by if standing.status == Intent.Status.IN_REVIEW else None
        INTENT.move_all(
            [standing], IntentEvent.PROOF, now=now, actor=standing.user.email, proof_at=now, ended_at=None,
            check_by=waits or checking.by(now),
        )  # fmt: skip
        use_proofs(proofs_owner(standing), wanted, seller=None, by=standing.user)
        outbox.publish(TransferProofGiven(intent=standing.pk), now=now)


def withdraw(intent: Intent, *, now: datetime) -> None:
    """Its buyer does not transfer it. Raises ``IllegalTransition`` when it is not open."""
    with transaction.atomic():
        standing = locked(intent)
        INTENT.move_all(
            [standing], IntentEvent.WITHDRAW, now=now, actor=standing.user.email, ended_at=now, check_by=None
        )


def expire(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: the money is not waited for any more."""
    intent = Intent.objects.get(pk=payload["intent"])
    try:
        INTENT.move_all([intent], IntentEvent.EXPIRE, now=now, ended_at=now)
    except IllegalTransition:
        return None  # its buyer or an operator was faster
    outbox.publish(TransferExpired(intent=intent.pk), now=now)
    return None


def locked(intent: Intent) -> Intent:
    """The intent, locked, and without its timer: nobody else ends it meanwhile."""
    jobs.cancel(WAITS, str(intent.pk))
    return Intent.objects.select_for_update(of=("self",)).select_related("user").get(pk=intent.pk)


def proofs_owner(intent: Intent) -> str:
    return f"intent:{intent.pk}"


def proofs_of(intent: Intent) -> list[Proof]:
    """What its buyer showed, oldest first."""
    return used_by(proofs_owner(intent))
