"""Negotiated refunds until their decision: request, withdraw, reject, appeal (business-rules §4.7).

``fulfilment/unsubscribe.py`` carries out approved refunds. Every function locks the subscription, then the request.
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
from tradepost.market.base.quotas import wait_for_room
from tradepost.market.base.working_days import deadline_of
from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

from .events import RefundDecided, RefundRequested, RefundUnanswered, RefundWithdrawn
from .refund_lifecycle import REFUND, RefundEvent
from .refund_models import Refund
from .refund_terms import RefundRules, RefundWay
from .refunds import possible_refunds, refusal_of

RESPONSE_TIMER = "orders.refund"
"""Kind of the timer that runs while the seller has not answered."""
MAX_TEXT_LENGTH = 1000
MAX_PROOFS = 3


class ResponseTimes(Struct, frozen=True, kw_only=True):
    """Time limits for the seller's answer. ``closes``: local time at which a working day ends."""

    contact_workdays: int
    appeal_days: int
    zone: tzinfo
    closes: time = time(18)

    def contact_at(self, now: datetime) -> datetime:
        return deadline_of(now, self.contact_workdays, zone=self.zone, closes=self.closes).at

    def appeal_at(self, now: datetime) -> datetime:
        return now + timedelta(days=self.appeal_days)


class RefundRequest(Struct, frozen=True, kw_only=True):
    """Refund request of a buyer. ``proofs``: hashes of documents uploaded for this seller."""

    subscription: int
    amount_minor: int
    reason: str
    shows_phone: bool = False
    proofs: tuple[str, ...] = ()


def request_refund(
    buyer: User, request: RefundRequest, *, rules: RefundRules, patience: ResponseTimes, a_day: int, now: datetime,
    stalled: Collection[int] = (),
) -> Refund:  # fmt: skip
    """Request a refund from the seller. The service must belong to the buyer. Raises ``Refused`` and then changes
    nothing.

    ``stalled``: keys of orders about it that stopped at the seller.
    """
    reason = _checked_text(request.reason, "reason", _("Describe the reason briefly. The seller uses it to decide."))
    with transaction.atomic():
        subscription = _locked(request.subscription)
        if subscription.buyer_id != buyer.pk:
            raise Subscription.DoesNotExist
        options = possible_refunds(subscription, rules, now=now, stalled=stalled)
        terms = options.way(RefundWay.NEGOTIATED)
        if terms is None:
            raise refusal_of(options)
        max_minor = terms.back.minor
        # The amount must be positive unless nothing was paid.
        if not min(1, max_minor) <= request.amount_minor <= max_minor:
            raise Refused(
                "refund.amount", _(
                    "Enter an amount greater than zero and not more than the amount paid."), HTTPStatus.BAD_REQUEST,
                field="amount",
            )  # fmt: skip
        if wait := wait_for_room(Refund.objects.filter(buyer=buyer), "requested_at", a_day, now=now):
            raise Refused(
                "refund.too_many",
                _("You have reached today's limit for refund requests. Try again tomorrow."),
                HTTPStatus.TOO_MANY_REQUESTS,
                wait=wait,
            )
        refund = Refund.objects.create(
            kind=Refund.Kind.NEGOTIATED,
            status=Refund.Status.SELLER_REVIEW,
            buyer=buyer,
            seller_id=subscription.seller_id,
            subscription=subscription,
            amount_minor=request.amount_minor,
            currency=terms.currency,
            requested_at=now,
            reason=reason,
            shows_phone=request.shows_phone,
            contact_at=patience.contact_at(now),
            appeal_at=patience.appeal_at(now),
        )
        use_proofs(proofs_owner(refund, "buyer"), request.proofs, seller=subscription.seller)
        _start_response_timer(refund, now=now)
        outbox.publish(RefundRequested(refund=refund.pk), now=now)
    return refund


def withdraw(refund: Refund, *, now: datetime) -> None:
    """Withdraw the request. Raises ``IllegalTransition`` once it is decided."""
    with transaction.atomic():
        current_refund = lock_refund(refund)
        REFUND.move_all([current_refund], RefundEvent.WITHDRAW, now=now, actor=current_refund.buyer.email, ended_at=now)
        cancel_response_timer(current_refund)
        outbox.publish(RefundWithdrawn(refund=current_refund.pk), now=now)


def appeal(refund: Refund, words: str, *, now: datetime) -> None:
    """Appeal to the operator after the seller's time to answer is over (business-rules §4.7)."""
    text = _checked_text(words, "appeal", _("Enter the information that the operator needs."))
    with transaction.atomic():
        current_refund = lock_refund(refund)
        REFUND.after(current_refund.status, RefundEvent.APPEAL)
        if current_refund.appeal_at is None or now < current_refund.appeal_at:
            raise Refused("refund.appeal_early", _("The seller still has time to answer."))
        REFUND.move_all(
            [current_refund],
            RefundEvent.APPEAL,
            now=now,
            actor=current_refund.buyer.email,
            appealed_at=now,
            appeal=text,
        )
        cancel_response_timer(current_refund)
        outbox.publish(RefundRequested(refund=current_refund.pk, appeal=True), now=now)


class Decision(Struct, frozen=True, kw_only=True):
    """Decision of the seller, or of an operator on an appeal. ``proofs``: hashes of the seller's documents."""

    by: User
    by_operator: bool
    opinion: str
    proofs: tuple[str, ...] = ()


def reject(refund: Refund, decision: Decision, *, now: datetime) -> None:
    """Reject the request; the buyer may request again (business-rules §4.7). Raises ``Refused``."""
    with transaction.atomic():
        current_refund = lock_refund(refund)
        store_decision(current_refund, decision, RefundEvent.REJECT, now=now)
        Refund.objects.filter(pk=current_refund.pk).update(ended_at=now)
        cancel_response_timer(current_refund)
        outbox.publish(RefundDecided(refund=current_refund.pk, outcome="rejected"), now=now)


def store_decision(refund: Refund, decision: Decision, event: RefundEvent, *, now: datetime) -> None:
    """Check that this person may decide, and store the decision; the request is locked.

    Only operators decide appeals, and never about themselves.
    """
    REFUND.after(refund.status, event)
    if decision.by_operator != (refund.status == Refund.Status.APPEALED):
        raise Refused("refund.not_yours", _("You cannot decide this request at this stage."))
    if decision.by_operator and _is_party(refund, decision.by):
        raise Refused(
            "refund.own", _("You are a party to this request, so another operator must decide."), HTTPStatus.FORBIDDEN
        )
    opinion = _checked_text(decision.opinion, "opinion", _("Enter the reason. The buyer can see it."))
    if decision.proofs:
        use_proofs(proofs_owner(refund, "seller"), decision.proofs, seller=refund.seller)
    REFUND.move_all(
        [refund], event, now=now, actor=decision.by.email, opinion=opinion, decided_at=now,
        decided_by=decision.by.email, by_operator=decision.by_operator,
    )  # fmt: skip


def _is_party(refund: Refund, person: User) -> bool:
    return person.pk == refund.buyer_id or refund.seller.members.filter(user=person).exists()


def lock_refund(refund: Refund) -> Refund:
    """Lock the subscription, then the refund."""
    _locked(refund.subscription_id)
    return (
        Refund.objects.select_for_update(of=("self",))
        .select_related("buyer", "seller", "subscription")
        .get(pk=refund.pk)
    )


def _locked(subscription: int) -> Subscription:
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("product", "offer", "seller")
    return rows.get(pk=subscription)


def _checked_text(text: str, field: str, missing_message: str) -> str:
    text = text.strip()
    if not text or len(text) > MAX_TEXT_LENGTH:
        words = missing_message if not text else _("At most %(most)s characters.") % {"most": MAX_TEXT_LENGTH}
        raise Refused(f"refund.{field}", words, HTTPStatus.BAD_REQUEST, field=field)
    return text


# --- documents ---


def proofs_owner(refund: Refund, side: str) -> str:
    return f"refund:{refund.pk}:{side}"


def proofs_of(refund: Refund) -> Mapping[str, list[Proof]]:
    """Return the documents of the ``buyer`` and the ``seller``."""
    owners = {proofs_owner(refund, side): side for side in ("buyer", "seller")}
    proofs: dict[str, list[Proof]] = {side: [] for side in owners.values()}
    for use in ProofUse.objects.select_related("proof").filter(owner__in=owners).order_by("pk"):
        proofs[owners[use.owner]].append(use.proof)
    return proofs


def find_proof(refund: Refund, sha256: str) -> Proof | None:
    """Return the document of this request with this hash; None if it has none."""
    return next((proof for side in proofs_of(refund).values() for proof in side if proof.sha256 == sha256), None)


# --- timer ---


def _start_response_timer(refund: Refund, *, now: datetime) -> None:
    due_times = [at for at in (refund.contact_at, refund.appeal_at) if at is not None and at > now]
    if due_times:
        jobs.schedule(RESPONSE_TIMER, str(refund.pk), due_at=min(due_times), payload={"refund": refund.pk})


def cancel_response_timer(refund: Refund) -> None:
    """Cancel the timer that waits for the seller. Timers are locked after operations and calls."""
    jobs.cancel(RESPONSE_TIMER, str(refund.pk))


def record_missing_answer(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: the seller has not answered within a time limit, so the buyer may contact the seller or appeal."""
    refund = Refund.objects.filter(pk=payload["refund"], status=Refund.Status.SELLER_REVIEW).first()
    if refund is None:
        return None
    may_appeal = refund.appeal_at is not None and refund.appeal_at <= now
    outbox.publish(RefundUnanswered(refund=refund.pk, may_appeal=may_appeal), now=now)
    due_times = [at for at in (refund.contact_at, refund.appeal_at) if at is not None and at > now]
    return min(due_times, default=None)


def visible_phone(refund: Refund, seller: Seller) -> str:
    """Return the buyer's telephone number if the buyer allowed this seller to see it, otherwise an empty string."""
    return refund.buyer.phone if refund.shows_phone and refund.seller_id == seller.pk else ""
