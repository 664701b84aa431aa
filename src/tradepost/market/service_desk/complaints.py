"""A buyer complains about a seller; the seller may reply once, an operator decides (business-rules §9, §1.6, §17.6).

Whoever acts locks the complaint. Only its buyer withdraws it: to withdraw one in a buyer's name is a violation of its own (§1.6).
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
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Subscription

from .complaint_models import LONGEST
from .desk_rules import DeskRules
from .events import ComplaintDecided, ComplaintRaised, ComplaintReplied, ComplaintUnanswered, ComplaintWithdrawn
from .lifecycle import COMPLAINT, ComplaintEvent
from .models import Complaint
from .words_given import words, wrong

TIMER = "service_desk.complaint"
"""Kind of the timer that stands while a seller is waited for."""
MOST_PROOFS = 3
AGAIN = timedelta(seconds=5)


class Subject(Struct, frozen=True, kw_only=True):
    """What a complaint is about; its seller always, and the most exact of the rest. A page lets the buyer reach only what is
    the buyer's own."""

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


class Complain(Struct, frozen=True, kw_only=True):
    """``proofs``: hashes of documents that were handed in to this seller."""

    about: Subject
    reason: str
    text: str
    proofs: tuple[str, ...] = ()


def complain(buyer: User, wanted: Complain, *, rules: DeskRules, a_day: int, now: datetime) -> Complaint:
    """Raises ``Refused``, and nothing was changed then."""
    about = wanted.about
    if wanted.reason not in Complaint.Reason.values:
        raise wrong("reason", _("Choose what it is about."))
    text = words(wanted.text, "text", missing=_("Say what happened: the operators decide by it."), longest=LONGEST)
    if Member.objects.filter(seller=about.seller, user=buyer).exists():
        raise Refused("complaint.own", _("You act for this seller yourself."), HTTPStatus.FORBIDDEN)
    if Complaint.objects.filter(buyer=buyer, created_at__gt=now - timedelta(days=1)).count() >= a_day:
        raise Refused(
            "complaint.too_many", _("You have complained often today: go on tomorrow."), HTTPStatus.TOO_MANY_REQUESTS
        )
    with transaction.atomic():
        complaint = _new(buyer, wanted, text, rules=rules, now=now)
        use_proofs(proofs_owner(complaint), wanted.proofs, seller=about.seller)
        jobs.schedule(TIMER, str(complaint.pk), due_at=complaint.reply_until, payload={"complaint": complaint.pk})
        outbox.publish(ComplaintRaised(complaint=complaint.pk), now=now)
    return complaint


def _new(buyer: User, wanted: Complain, text: str, *, rules: DeskRules, now: datetime) -> Complaint:
    about = wanted.about
    try:
        with transaction.atomic():
            return Complaint.objects.create(
                buyer=buyer, seller=about.seller, order=about.order, subscription=about.subscription, product=about.product,
                about=about.key, reason=wanted.reason, text=text, created_at=now, reply_until=rules.reply_until(now),
                due_at=rules.complaint_due(now),
            )  # fmt: skip
    except IntegrityError:  # the constraint decides between two tabs
        raise Refused("complaint.open", _("You complain about this already: see your complaints.")) from None


def reply(complaint: Complaint, text: str, *, by: User, now: datetime) -> None:
    """The seller says its side, once. Raises ``Refused``, ``IllegalTransition``."""
    said = words(text, "reply", missing=_("Say your side: the buyer and the operators read it."), longest=LONGEST)
    with transaction.atomic():
        standing = _locked(complaint)
        COMPLAINT.move_all(
            [standing], ComplaintEvent.REPLY, now=now, actor=by.email, reply=said, replied_at=now, replied_by=by.email
        )
        jobs.cancel(TIMER, str(standing.pk))
        outbox.publish(ComplaintReplied(complaint=standing.pk), now=now)


def decide(complaint: Complaint, text: str, *, upheld: bool, by: User, rules: DeskRules, now: datetime) -> None:
    """An operator says who is right, and why. Raises ``Refused`` for who is a party, and for a seller that still has time."""
    said = words(text, "decision", missing=_("Say why: both sides read it."), longest=LONGEST)
    with transaction.atomic():
        standing = _locked(complaint)
        event = ComplaintEvent.UPHOLD if upheld else ComplaintEvent.DISMISS
        COMPLAINT.after(standing.status, event)
        if by.pk == standing.buyer_id or Member.objects.filter(seller=standing.seller_id, user=by).exists():
            raise Refused(
                "complaint.party", _("You are a party to this: another operator must decide."), HTTPStatus.FORBIDDEN
            )
        if upheld and standing.status == Complaint.Status.ASKED and now < standing.reply_until:
            raise Refused("complaint.early", _("The seller still has time to say its side."))
        points = rules.points(standing.reason, replied=bool(standing.reply)) if upheld else 0
        COMPLAINT.move_all(
            [standing], event, now=now, actor=by.email, decision=said, decided_by=by.email, points=points, ended_at=now
        )
        jobs.cancel(TIMER, str(standing.pk))
        outbox.publish(ComplaintDecided(complaint=standing.pk), now=now)


def withdraw(complaint: Complaint, *, now: datetime) -> None:
    """Its buyer complains no more. Raises ``IllegalTransition`` once it is decided."""
    with transaction.atomic():
        standing = _locked(complaint)
        COMPLAINT.move_all([standing], ComplaintEvent.WITHDRAW, now=now, actor=standing.buyer.email, ended_at=now)
        jobs.cancel(TIMER, str(standing.pk))
        outbox.publish(ComplaintWithdrawn(complaint=standing.pk), now=now)


def time_out(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: the seller said nothing. As with demands, it waits for nobody who may wait for its row."""
    rows = Complaint.objects.filter(pk=payload["complaint"])
    if not rows.filter(status=Complaint.Status.ASKED).exists():
        return None
    standing = rows.select_for_update(of=("self",), skip_locked=True).first()
    if standing is None:
        return now + AGAIN
    if standing.status == Complaint.Status.ASKED:
        COMPLAINT.move_all([standing], ComplaintEvent.TIME_OUT, now=now)
        outbox.publish(ComplaintUnanswered(complaint=standing.pk), now=now)
    return None


def proofs_owner(complaint: Complaint) -> str:
    return f"complaint:{complaint.pk}"


def proofs_of(complaint: Complaint) -> Sequence[Proof]:
    """What its buyer showed."""
    uses = ProofUse.objects.select_related("proof").filter(owner=proofs_owner(complaint)).order_by("pk")
    return [use.proof for use in uses]


def _locked(complaint: Complaint) -> Complaint:
    rows = Complaint.objects.select_for_update(of=("self",)).select_related("buyer", "seller")
    return rows.get(pk=complaint.pk)
