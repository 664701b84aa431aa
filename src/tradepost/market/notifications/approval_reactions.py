"""Notices about requests for approval: to the operators who may decide, and of the result to the one who asked."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.approvals.events import ApprovalEnded, ApprovalRequested
from tradepost.market.approvals.models import Request
from tradepost.market.approvals.requests import approvers

from . import facts as f
from .tell import AddressedNotice, send_notice, send_notices


def on_approval_requested(event: ApprovalRequested, now: datetime) -> None:
    request = _request(event.request)
    if request.status != Request.Status.WAITING:
        return
    facts = {**_facts(request), "asker": request.asked_by.email, "until": f.moment(request.expires_at)}
    tellings = [
        AddressedNotice(
            user=user, kind="operator_approval_requested", facts=facts, once=str(request.pk), link=_link(request)
        )
        for user in approvers(request.act).exclude(pk=request.asked_by_id)
    ]
    send_notices(tellings, now=now)


def on_approval_ended(event: ApprovalEnded, now: datetime) -> None:
    """The asker knows of an own withdrawal."""
    request = _request(event.request)
    if request.status not in {Request.Status.APPROVED, Request.Status.REJECTED, Request.Status.EXPIRED}:
        return
    decider = request.decided_by.email if request.decided_by else "–"
    facts = {**_facts(request), "decider": decider, "opinion": request.opinion}
    kind = f"operator_approval_{request.status}"
    send_notice(request.asked_by, kind, once=str(request.pk), link=_link(request), now=now, facts=facts)


def _facts(request: Request) -> dict[str, f.Json | str]:
    return {"act": f.phrase(request.title), "about": request.about or "–"}


def _link(request: Request) -> str:
    return reverse("console:approval", args=[request.pk])


def _request(pk: int) -> Request:
    return Request.objects.select_related("asked_by", "decided_by").get(pk=pk)
