"""A refund that buyer and seller agree on, until it is decided: asked for, withdrawn, refused, appealed (business-rules §4.7).

What is agreed to is carried out by ``fulfilment/unsubscribe.py``. Whoever acts here locks the subscription, then the request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta, tzinfo
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.models import Proof, ProofUse
from tradepost.market.assets.proofs import use_proofs
from tradepost.market.base import jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.working_days import due
from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

from .events import RefundDecided, RefundRequested, RefundUnanswered, RefundWithdrawn
from .refund_lifecycle import REFUND, RefundEvent
from .refund_models import Refund
from .refund_terms import Rules, Way
from .refunds import refused, what_may

CLOCK = "orders.refund"
"""Kind of the timer that stands while a seller is waited for."""
LONGEST = 1000
MOST_PROOFS = 3


class Patience(Struct, frozen=True, kw_only=True):
    """How long a seller is waited for. ``closes``: the local time at which a working day ends."""

    contact_workdays: int
    appeal_days: int
    zone: tzinfo
    closes: time = time(18)

    def contact_at(self, now: datetime) -> datetime:
        return due(now, self.contact_workdays, zone=self.zone, closes=self.closes).at

    def appeal_at(self, now: datetime) -> datetime:
        return now + timedelta(days=self.appeal_days)


class AskForRefund(Struct, frozen=True, kw_only=True):
    """What a buyer wants. ``proofs``: hashes of documents that were handed in to this seller."""

    subscription: int
    amount_minor: int
    reason: str
    shows_phone: bool = False
    proofs: tuple[str, ...] = ()


def ask_for_refund(
    buyer: User, wanted: AskForRefund, *, rules: Rules, patience: Patience, a_day: int, now: datetime,
    stalled: Collection[int] = (),
) -> Refund:  # fmt: skip
    """Ask the seller. Raises ``Refused``, and nothing was changed then; the service must be the buyer's own. ``stalled``:
    orders (by pk) about it that stopped at the seller."""
    reason = _words(wanted.reason, "reason", _("Say in a few words why: the seller decides by it."))
    with transaction.atomic():
        held = _locked(wanted.subscription)
        if held.buyer_id != buyer.pk:
            raise Subscription.DoesNotExist
        found = what_may(held, rules, now=now, stalled=stalled)
        terms = found.way(Way.NEGOTIATED)
        if terms is None:
            raise refused(found)
        most = terms.back.minor
        # More than nothing, unless nothing was paid: then there is nothing else to ask for.
        if not min(1, most) <= wanted.amount_minor <= most:
            raise Refused(
                "refund.amount", _("Ask for more than nothing and at most for what was paid."), HTTPStatus.BAD_REQUEST,
                field="amount",
            )  # fmt: skip
        if Refund.objects.filter(buyer=buyer, requested_at__gt=now - timedelta(days=1)).count() >= a_day:
            raise Refused(
                "refund.too_many",
                _("You have asked for many refunds today: go on tomorrow."),
                HTTPStatus.TOO_MANY_REQUESTS,
            )
        refund = Refund.objects.create(
            kind=Refund.Kind.NEGOTIATED,
            status=Refund.Status.SELLER_REVIEW,
            buyer=buyer,
            seller_id=held.seller_id,
            subscription=held,
            amount_minor=wanted.amount_minor,
            currency=terms.currency,
            requested_at=now,
            reason=reason,
            shows_phone=wanted.shows_phone,
            contact_at=patience.contact_at(now),
            appeal_at=patience.appeal_at(now),
        )
        use_proofs(proofs_owner(refund, "buyer"), wanted.proofs, seller=held.seller)
        _wait(refund, now=now)
        outbox.publish(RefundRequested(refund=refund.pk), now=now)
    return refund


def withdraw(refund: Refund, *, now: datetime) -> None:
    """Its buyer does not want it any more. Raises ``IllegalTransition`` once it is decided."""
    with transaction.atomic():
        standing = locked(refund)
        REFUND.move_all([standing], RefundEvent.WITHDRAW, now=now, actor=standing.buyer.email, ended_at=now)
        stop_clock(standing)
        outbox.publish(RefundWithdrawn(refund=standing.pk), now=now)


def appeal(refund: Refund, words: str, *, now: datetime) -> None:
    """Ask the operator to decide, when the seller has said nothing for long enough (business-rules §4.7)."""
    said = _words(words, "appeal", _("Say what the operator should know."))
    with transaction.atomic():
        standing = locked(refund)
        REFUND.after(standing.status, RefundEvent.APPEAL)
        if standing.appeal_at is None or now < standing.appeal_at:
            raise Refused("refund.appeal_early", _("The seller still has time to answer."))
        REFUND.move_all(
            [standing], RefundEvent.APPEAL, now=now, actor=standing.buyer.email, appealed_at=now, appeal=said
        )
        stop_clock(standing)
        outbox.publish(RefundRequested(refund=standing.pk, appeal=True), now=now)


class Decision(Struct, frozen=True, kw_only=True):
    """Of the seller, or of an operator about an appeal. ``proofs``: hashes of the seller's documents."""

    by: User
    by_operator: bool
    opinion: str
    proofs: tuple[str, ...] = ()


def reject(refund: Refund, decision: Decision, *, now: datetime) -> None:
    """It ends; the buyer may ask anew (business-rules §4.7). Raises ``Refused``."""
    with transaction.atomic():
        standing = locked(refund)
        keep_decision(standing, decision, RefundEvent.REJECT, now=now)
        Refund.objects.filter(pk=standing.pk).update(ended_at=now)
        stop_clock(standing)
        outbox.publish(RefundDecided(refund=standing.pk, outcome="rejected"), now=now)


def keep_decision(standing: Refund, decision: Decision, event: RefundEvent, *, now: datetime) -> None:
    """Whoever may decide now, and says why; the request is locked. An appeal is the operator's alone, and nobody decides what
    concerns themselves."""
    REFUND.after(standing.status, event)
    if decision.by_operator != (standing.status == Refund.Status.APPEALED):
        raise Refused("refund.not_yours", _("This is not yours to decide: see who is asked."))
    if decision.by_operator and _is_party(standing, decision.by):
        raise Refused("refund.own", _("You are a party to this: another operator must decide."), HTTPStatus.FORBIDDEN)
    opinion = _words(decision.opinion, "opinion", _("Say why: the buyer reads it."))
    if decision.proofs:
        use_proofs(proofs_owner(standing, "seller"), decision.proofs, seller=standing.seller)
    REFUND.move_all(
        [standing], event, now=now, actor=decision.by.email, opinion=opinion, decided_at=now,
        decided_by=decision.by.email, by_operator=decision.by_operator,
    )  # fmt: skip


def _is_party(refund: Refund, person: User) -> bool:
    return person.pk == refund.buyer_id or refund.seller.members.filter(user=person).exists()


def locked(refund: Refund) -> Refund:
    """Under the lock of what it is about, as everywhere."""
    _locked(refund.subscription_id)
    return (
        Refund.objects.select_for_update(of=("self",))
        .select_related("buyer", "seller", "subscription")
        .get(pk=refund.pk)
    )


def _locked(subscription: int) -> Subscription:
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("product", "offer", "seller")
    return rows.get(pk=subscription)


def _words(text: str, field: str, missing: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST:
        words = missing if not text else _("At most %(most)s characters.") % {"most": LONGEST}
        raise Refused(f"refund.{field}", words, HTTPStatus.BAD_REQUEST, field=field)
    return text


# --- documents --------------------------------------------------------------------------------------------------------


def proofs_owner(refund: Refund, side: str) -> str:
    return f"refund:{refund.pk}:{side}"


def proofs_of(refund: Refund) -> Mapping[str, list[Proof]]:
    """What the ``buyer`` and the ``seller`` showed."""
    owners = {proofs_owner(refund, side): side for side in ("buyer", "seller")}
    found: dict[str, list[Proof]] = {side: [] for side in owners.values()}
    for use in ProofUse.objects.select_related("proof").filter(owner__in=owners).order_by("pk"):
        found[owners[use.owner]].append(use.proof)
    return found


def proof_shown(refund: Refund, sha256: str) -> Proof | None:
    """One that belongs to this request."""
    return next((proof for side in proofs_of(refund).values() for proof in side if proof.sha256 == sha256), None)


# --- the clock --------------------------------------------------------------------------------------------------------


def _wait(refund: Refund, *, now: datetime) -> None:
    ahead = [at for at in (refund.contact_at, refund.appeal_at) if at is not None and at > now]
    if ahead:
        jobs.schedule(CLOCK, str(refund.pk), due_at=min(ahead), payload={"refund": refund.pk})


def stop_clock(refund: Refund) -> None:
    """The seller is waited for no more. Its timer is locked after operations and calls, as all timers."""
    jobs.cancel(CLOCK, str(refund.pk))


def unanswered(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: the seller was waited for long enough to speak to it, or to appeal."""
    refund = Refund.objects.filter(pk=payload["refund"], status=Refund.Status.SELLER_REVIEW).first()
    if refund is None:
        return None
    may_appeal = refund.appeal_at is not None and refund.appeal_at <= now
    outbox.publish(RefundUnanswered(refund=refund.pk, may_appeal=may_appeal), now=now)
    ahead = [at for at in (refund.contact_at, refund.appeal_at) if at is not None and at > now]
    return min(ahead, default=None)


def may_see_phone(refund: Refund, seller: Seller) -> str:
    """The buyer's telephone number, where the buyer agreed that this seller sees it."""
    return refund.buyer.phone if refund.shows_phone and refund.seller_id == seller.pk else ""
