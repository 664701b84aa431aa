"""Who is told of a complaint: its buyer, whoever acts for the seller, and operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.urls import reverse

from tradepost.market.base.events import on
from tradepost.market.service_desk.events import (
    ComplaintDecided,
    ComplaintRaised,
    ComplaintReplied,
    ComplaintUnanswered,
    ComplaintWithdrawn,
)
from tradepost.market.service_desk.models import Complaint

from . import facts as f
from .reactions import operators, people_of, seller_names
from .tell import Telling, tell_all


def on_complaint_raised(event: ComplaintRaised, now: datetime) -> None:
    complaint = _complaint(event.complaint)
    told = [*_to_seller(complaint, "seller_complaint"), *_to_operators(complaint, "operator_complaint")]
    tell_all(told, now=now)


def on_complaint_replied(event: ComplaintReplied, now: datetime) -> None:
    complaint = _complaint(event.complaint)
    told = [_to_buyer(complaint, "complaint_replied"), *_to_operators(complaint, "operator_complaint_replied")]
    tell_all(told, now=now)


def on_complaint_unanswered(event: ComplaintUnanswered, now: datetime) -> None:
    """Who replied a moment later need not hear that it is late."""
    complaint = _complaint(event.complaint)
    if complaint.status != Complaint.Status.UNANSWERED:
        return
    told = [
        _to_buyer(complaint, "complaint_unanswered"),
        *_to_seller(complaint, "seller_complaint_late"),
        *_to_operators(complaint, "operator_complaint_unanswered"),
    ]
    tell_all(told, now=now)


def on_complaint_decided(event: ComplaintDecided, now: datetime) -> None:
    complaint = _complaint(event.complaint)
    ending = "upheld" if complaint.status == Complaint.Status.UPHELD else "turned_down"
    told = [
        _to_buyer(complaint, f"complaint_{ending}"),
        *_to_seller(complaint, f"seller_complaint_{ending}"),
    ]
    tell_all(told, now=now)


def on_complaint_withdrawn(event: ComplaintWithdrawn, now: datetime) -> None:
    tell_all(_to_seller(_complaint(event.complaint), "seller_complaint_withdrawn"), now=now)


def _to_buyer(complaint: Complaint, kind: str) -> Telling:
    link = reverse("storefront:complaint", args=[complaint.pk])
    return Telling(user=complaint.buyer, kind=kind, facts=_facts(complaint), once=f"{complaint.pk}", link=link)


def _to_seller(complaint: Complaint, kind: str) -> Iterable[Telling]:
    link = reverse("seller_center:complaint", args=[complaint.pk])
    return [
        Telling(
            user=user, kind=kind, facts=_facts(complaint), once=f"{complaint.pk}", link=link, contact=contact,
            seller=complaint.seller_id,
        )
        for user, contact in people_of(complaint.seller)
    ]  # fmt: skip


def _to_operators(complaint: Complaint, kind: str) -> Iterable[Telling]:
    link = reverse("console:complaint", args=[complaint.pk])
    return [
        Telling(user=user, kind=kind, facts=_facts(complaint), once=f"{complaint.pk}", link=link)
        for user in operators()
    ]


def _facts(complaint: Complaint) -> Mapping[str, f.Json | str]:
    product = complaint.product
    return {
        "seller": seller_names(complaint.seller),
        "product": f.names(product.name, product.name_en) if product else seller_names(complaint.seller),
        "reason": f.both(Complaint.Reason(complaint.reason).label),
        "until": f.moment(complaint.reply_until),
        "due": f.moment(complaint.due_at),
        "decision": complaint.decision,
        "points": str(complaint.points),
    }


def _complaint(pk: int) -> Complaint:
    return Complaint.objects.select_related("buyer", "seller", "product").get(pk=pk)


REACTIONS = (
    on(ComplaintRaised, on_complaint_raised),
    on(ComplaintReplied, on_complaint_replied),
    on(ComplaintUnanswered, on_complaint_unanswered),
    on(ComplaintDecided, on_complaint_decided),
    on(ComplaintWithdrawn, on_complaint_withdrawn),
)
"""A part of ``wiring``'s table."""
