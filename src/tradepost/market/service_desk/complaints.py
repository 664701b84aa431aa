"""Complaints of buyers about sellers: raise, reply, decide and withdraw (business-rules §9, §1.6, §17.6).

Each action locks the complaint. Only its buyer may withdraw it: withdrawing in a buyer's name is a violation (§1.6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.models import Proof, ProofUse
from tradepost.market.assets.proofs import use_proofs
from tradepost.market.base import jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.quotas import wait_for_room
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Subscription

from .complaint_models import MAX_LENGTH
from .desk_rules import DeskRules
from .events import ComplaintDecided, ComplaintRaised, ComplaintReplied, ComplaintUnanswered, ComplaintWithdrawn
from .lifecycle import COMPLAINT, ComplaintEvent
from .models import Complaint
from .text_checks import invalid, required_text

TIMER = "service_desk.complaint"
"""Kind of the timer that ends the seller's time to reply."""
MAX_PROOFS = 3
RETRY_DELAY = timedelta(seconds=5)


class Subject(Struct, frozen=True, kw_only=True):
    """The subject of a complaint: the seller and the most specific of the others.

    Pages offer only the buyer's own orders and services.
    """

    seller: Seller
    product: Product | None = None
    order: Order | None = None
    subscription: Subscription | None = None

    @property
    def key(self) -> str:
        for name, row in (("order", self.order), ("service", self.subscription), ("product", self.product)):
            if row is not None:
                return f"{name} {row.pk}"
        return "seller"


class RaiseComplaint(Struct, frozen=True, kw_only=True):
    """A new complaint. ``proofs``: hashes of documents uploaded to this seller."""

    about: Subject
    reason: str
    text: str
    proofs: tuple[str, ...] = ()


def complain(buyer: User, command: RaiseComplaint, *, rules: DeskRules, a_day: int, now: datetime) -> Complaint:
    """Raise a complaint. Raises ``Refused`` and then changes nothing."""
    about = command.about
    if command.reason not in Complaint.Reason.values:
        raise invalid("reason", _("Choose a complaint type."))
    text = required_text(
        command.text, "text", missing=_("Describe what happened. The operators use it to decide."), longest=MAX_LENGTH
    )
    if Member.objects.filter(seller=about.seller, user=buyer).exists():
        raise Refused(
            "complaint.own", _("You are a member of this seller and cannot complain about it."), HTTPStatus.FORBIDDEN
        )
    if wait := wait_for_room(Complaint.objects.filter(buyer=buyer), "created_at", a_day, now=now):
        raise Refused(
            "complaint.too_many", _(
                "You have reached today's limit for complaints. Try again tomorrow."), HTTPStatus.TOO_MANY_REQUESTS,
            wait=wait,
        )  # fmt: skip
    with transaction.atomic():
        complaint = _store_complaint(buyer, command, text, rules=rules, now=now)
        use_proofs(proofs_owner(complaint), command.proofs, seller=about.seller)
        jobs.schedule(TIMER, str(complaint.pk), due_at=complaint.reply_until, payload={"complaint": complaint.pk})
        outbox.publish(ComplaintRaised(complaint=complaint.pk), now=now)
    return complaint


def _store_complaint(buyer: User, command: RaiseComplaint, text: str, *, rules: DeskRules, now: datetime) -> Complaint:
    about = command.about
    try:
        with transaction.atomic():
            return Complaint.objects.create(
                buyer=buyer, seller=about.seller, order=about.order, subscription=about.subscription, product=about.product,
                about=about.key, reason=command.reason, text=text, created_at=now, reply_until=rules.reply_until(now),
                due_at=rules.complaint_due(now),
            )  # fmt: skip
    except IntegrityError:  # two simultaneous requests; the constraint accepts one
        raise Refused("complaint.open", _("You have already complained about this. See “My complaints”.")) from None


def reply(complaint: Complaint, text: str, *, by: User, now: datetime) -> None:
    """Store the seller's only reply. Raises ``Refused``, ``IllegalTransition``."""
    reply_text = required_text(
        text, "reply", missing=_("Enter your reply. The buyer and the operators can see it."), longest=MAX_LENGTH
    )
    with transaction.atomic():
        locked_complaint = _locked(complaint)
        COMPLAINT.move_all(
            [locked_complaint],
            ComplaintEvent.REPLY,
            now=now,
            actor=by.email,
            reply=reply_text,
            replied_at=now,
            replied_by=by.email,
        )
        jobs.cancel(TIMER, str(locked_complaint.pk))
        outbox.publish(ComplaintReplied(complaint=locked_complaint.pk), now=now)


def decide(complaint: Complaint, text: str, *, upheld: bool, by: User, rules: DeskRules, now: datetime) -> None:
    """Decide a complaint with a reason. Raises ``Refused`` for a party, and while the seller still has time to
    reply."""
    decision_text = required_text(
        text, "decision", missing=_("Enter the reason. Both parties can see it."), longest=MAX_LENGTH
    )
    with transaction.atomic():
        locked_complaint = _locked(complaint)
        event = ComplaintEvent.UPHOLD if upheld else ComplaintEvent.DISMISS
        COMPLAINT.after(locked_complaint.status, event)
        if (
            by.pk == locked_complaint.buyer_id
            or Member.objects.filter(seller=locked_complaint.seller_id, user=by).exists()
        ):
            raise Refused(
                "complaint.party",
                _("You are a party to this request, so another operator must decide."),
                HTTPStatus.FORBIDDEN,
            )
        if upheld and locked_complaint.status == Complaint.Status.ASKED and now < locked_complaint.reply_until:
            raise Refused("complaint.early", _("The seller's time to reply has not ended yet."))
        points = rules.points(locked_complaint.reason, replied=bool(locked_complaint.reply)) if upheld else 0
        COMPLAINT.move_all(
            [locked_complaint],
            event,
            now=now,
            actor=by.email,
            decision=decision_text,
            decided_by=by.email,
            points=points,
            ended_at=now,
        )
        jobs.cancel(TIMER, str(locked_complaint.pk))
        outbox.publish(ComplaintDecided(complaint=locked_complaint.pk), now=now)


def withdraw(complaint: Complaint, *, now: datetime) -> None:
    """Withdraw the buyer's complaint. Raises ``IllegalTransition`` after the decision."""
    with transaction.atomic():
        locked_complaint = _locked(complaint)
        COMPLAINT.move_all(
            [locked_complaint], ComplaintEvent.WITHDRAW, now=now, actor=locked_complaint.buyer.email, ended_at=now
        )
        jobs.cancel(TIMER, str(locked_complaint.pk))
        outbox.publish(ComplaintWithdrawn(complaint=locked_complaint.pk), now=now)


def time_out(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: the seller did not reply in time. It does not wait for a locked row."""
    rows = Complaint.objects.filter(pk=payload["complaint"])
    if not rows.filter(status=Complaint.Status.ASKED).exists():
        return None
    locked_complaint = rows.select_for_update(of=("self",), skip_locked=True).first()
    if locked_complaint is None:
        return now + RETRY_DELAY
    if locked_complaint.status == Complaint.Status.ASKED:
        COMPLAINT.move_all([locked_complaint], ComplaintEvent.TIME_OUT, now=now)
        outbox.publish(ComplaintUnanswered(complaint=locked_complaint.pk), now=now)
    return None


def proofs_owner(complaint: Complaint) -> str:
    return f"complaint:{complaint.pk}"


def proofs_of(complaint: Complaint) -> Sequence[Proof]:
    """Return the documents that the buyer attached."""
    uses = ProofUse.objects.select_related("proof").filter(owner=proofs_owner(complaint)).order_by("pk")
    return [use.proof for use in uses]


def _locked(complaint: Complaint) -> Complaint:
    rows = Complaint.objects.select_for_update(of=("self",)).select_related("buyer", "seller")
    return rows.get(pk=complaint.pk)
