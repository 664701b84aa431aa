"""Transfers announced by a buyer or seller until an operator books them: announce, upload a proof, withdraw, expire
(money.md §2). ``confirm.py`` has the operators' decisions.

Functions lock the timer first, like the timer itself, then the intent, then accounts.
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
from tradepost.market.assets.proofs import documents_of, use_proofs
from tradepost.market.base import ids, jobs, outbox
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.base.quotas import wait_after
from tradepost.market.base.working_days import deadline_of
from tradepost.market.identity.models import Seller, User

from .events import TransferExpired, TransferProofGiven
from .intent_lifecycle import INTENT, IntentEvent
from .intent_models import OPEN_STATUSES, Intent, Provider
from .ledger import lock_buyer

TIMER_KIND = "payments.transfer"
"""Kind of the timer that runs while the money is awaited; its key is that of the intent."""
MAX_PROOFS = 5
DAY = timedelta(days=1)


class TransferLimits(Struct, frozen=True, kw_only=True):
    """Limits of announced transfers, in minor units. ``pay_to``: bank account to show."""

    least: Money
    most: Money
    waits: timedelta
    open_most: int
    a_day: int
    pay_to: Mapping[str, str] = field(default_factory=dict)


class CheckDeadline(Struct, frozen=True, kw_only=True):
    """Deadline for an operator's check of a proof. ``closes``: local time at which a working day ends."""

    workdays: int
    zone: tzinfo
    closes: time
    open_most: int = 20
    """Open transfers per buyer."""

    def by(self, now: datetime) -> datetime:
        return deadline_of(now, self.workdays, zone=self.zone, closes=self.closes).at


def announce(
    user: User, amount: Money, *, purpose: str = "", seller: Seller | None = None, rules: TransferLimits, now: datetime,
    draw: ids.Chance = ids.draw_random,
) -> Intent:  # fmt: skip
    """Announce a transfer of this amount. ``purpose``: number of the order that waits for it; ``seller``: the seller
    that pays a debt.

    A repeated form returns the open transfer. Raises ``Refused`` and then changes nothing.
    """
    if not rules.least.minor <= amount.minor <= rules.most.minor:
        raise Refused(
            "transfer.amount", _("The amount is outside the allowed range. See the range below the field."),
            HTTPStatus.BAD_REQUEST, field="amount",
        )  # fmt: skip
    with transaction.atomic():
        lock_buyer(user, amount.currency)  # the lock protects the counts below
        intents = Intent.objects.filter(user=user)
        waiting_intents = intents.filter(
            status=Intent.Status.PENDING, purpose=purpose, seller=seller, amount_minor=amount.minor,
            currency=amount.currency, waits_until__gt=now,
        )  # fmt: skip
        if (same_intent := waiting_intents.order_by("-pk").first()) is not None:
            return same_intent
        _check_open_limit(user, rules.open_most)
        latest_times = intents.order_by("-pk").values_list("created_at", flat=True)[: rules.a_day]
        if wait := wait_after(list(latest_times), rules.a_day, now=now):
            raise Refused(
                "transfer.too_many", _("You have reached today's limit for announced transfers. Try again tomorrow."),
                HTTPStatus.TOO_MANY_REQUESTS, wait=wait,
            )  # fmt: skip
        intent = Intent.objects.create(
            number=ids.transfer_reference(draw),
            provider=Provider.OFFLINE,
            status=Intent.Status.CREATED,
            user=user,
            seller=seller,
            amount_minor=amount.minor,
            currency=amount.currency,
            purpose=purpose,
            pay_to=dict(rules.pay_to),
            created_at=now,
            waits_until=now + rules.waits,
        )
        INTENT.move(intent, IntentEvent.BEGIN, now=now, actor=user.email)
        jobs.schedule(TIMER_KIND, str(intent.pk), due_at=intent.waits_until, payload={"intent": intent.pk})
    return intent


def _check_open_limit(user: User, limit: int) -> None:
    """Raise ``Refused`` for too many open transfers. The caller holds the buyer's lock."""
    if Intent.objects.filter(user=user, status__in=OPEN_STATUSES).count() >= limit:
        words = _("%(number)s transfers are open already. Withdraw one that you do not need.")
        raise Refused("transfer.too_many_open", words % {"number": limit})


def add_proofs(
    intent: Intent, proofs: Collection[str], *, checking: CheckDeadline, now: datetime, by: User | None = None
) -> None:
    """Add proofs, given by their hashes, to earlier ones. Expired transfers are checked again. ``by``: person who acts
    for a seller.

    Raises ``Refused`` and then changes nothing.
    """
    if not proofs:
        raise Refused("transfer.no_proof", _("Choose a file."), HTTPStatus.BAD_REQUEST, field="proof")
    with transaction.atomic():
        current_intent = lock_intent(intent)
        earlier_proofs = proofs_of(current_intent)
        hashes = {*(proof.sha256 for proof in earlier_proofs), *proofs}
        if len(hashes) > MAX_PROOFS:
            words = _("A transfer can have at most %(number)s documents.") % {"number": MAX_PROOFS}
            raise Refused("transfer.too_many_proofs", words, HTTPStatus.BAD_REQUEST, field="proof")
        if current_intent.status not in OPEN_STATUSES:  # it becomes open again
            lock_buyer(current_intent.user, current_intent.currency)
            _check_open_limit(current_intent.user, checking.open_most)
        check_by = current_intent.check_by if current_intent.status == Intent.Status.IN_REVIEW else None
        INTENT.move_all(
            [current_intent], IntentEvent.PROOF, now=now, actor=(by or current_intent.user).email, proof_at=now, ended_at=None,
            check_by=check_by or checking.by(now),
        )  # fmt: skip
        use_proofs(proofs_owner(current_intent), hashes, seller=current_intent.seller, by=current_intent.user)
        outbox.publish(TransferProofGiven(intent=current_intent.pk), now=now)


def withdraw(intent: Intent, *, now: datetime, by: User | None = None) -> None:
    """Withdraw the announcement. ``by``: person who acts for a seller. Raises ``IllegalTransition`` if it is not open."""
    with transaction.atomic():
        current_intent = lock_intent(intent)
        INTENT.move_all(
            [current_intent],
            IntentEvent.WITHDRAW,
            now=now,
            actor=(by or current_intent.user).email,
            ended_at=now,
            check_by=None,
        )


def expire(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: the announced transfer expires."""
    intent = Intent.objects.get(pk=payload["intent"])
    try:
        INTENT.move_all([intent], IntentEvent.EXPIRE, now=now, ended_at=now)
    except IllegalTransition:
        return None  # already ended by its buyer or an operator
    outbox.publish(TransferExpired(intent=intent.pk), now=now)
    return None


def lock_intent(intent: Intent) -> Intent:
    """Lock the intent and cancel its timer, so that it cannot end meanwhile."""
    jobs.cancel(TIMER_KIND, str(intent.pk))
    return Intent.objects.select_for_update(of=("self",)).select_related("user", "seller").get(pk=intent.pk)


def proofs_owner(intent: Intent) -> str:
    return f"intent:{intent.pk}"


def proofs_of(intent: Intent) -> list[Proof]:
    """Return the uploaded proofs, oldest first."""
    return documents_of(proofs_owner(intent))
