"""Advance supervised deliveries on external events: a delivered or refused license, or an activated code
(business-rules §2.10)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.licenses.models import LicenseCode, LicenseRequest
from tradepost.market.product_types.flows.contract import Act, Move, Party
from tradepost.market.subscriptions.models import Subscription

from . import step
from .clocks import Clocks
from .models import Supervision
from .timers import schedule_timer

ACT_NOTES = {
    Act.ACTIVATE: gettext_noop("The software has activated the code."),
    Act.DELIVER: gettext_noop("The license has arrived. The buyer can see it on the service page."),
    Act.REFUSE: gettext_noop(
        "The seller's server did not grant a license for this code. The service page shows the reason."
    ),
}


def on_license_change(subscription: int, now: datetime, *, clocks: Clocks) -> None:
    """Reaction to a change of a license or code of this service. Idempotent."""
    running_supervisions = Supervision.objects.filter(subscription=subscription, status=Supervision.Status.RUNNING)
    pk = running_supervisions.values_list("pk", flat=True).first()
    if pk is None:
        return
    with transaction.atomic():
        service = locked_subscriptions([subscription])[0]
        supervision = step.lock_supervision(pk)
        if supervision.status == Supervision.Status.RUNNING:
            advance_if_happened(supervision, service, since=supervision.entered_at, clocks=clocks, now=now)
            schedule_timer(supervision, clocks=clocks, now=now)


def advance_if_happened(
    supervision: Supervision, service: Subscription, *, since: datetime, clocks: Clocks, now: datetime
) -> None:
    """Advance if the event that the node waits for has happened. The caller has locked both rows. ``since``: time of
    entering the node."""
    move = _next_market_move(supervision, service, since)
    if move is not None:
        step.act_as_market(supervision, service, move, ACT_NOTES[move.act], clocks=clocks, now=now)


def _next_market_move(supervision: Supervision, service: Subscription, since: datetime) -> Move | None:
    node = step.node_of(supervision)
    market_moves = [move for move in node.moves if move.by is Party.MARKET and move.act is not node.auto]
    return next((move for move in market_moves if _has_happened(move.act, service, since)), None)


def _has_happened(act: Act, service: Subscription, since: datetime) -> bool:
    """Return whether the event has happened. A license that was rejected dates from before the node was entered
    again."""
    if act is Act.ACTIVATE:
        return LicenseCode.objects.filter(subscription=service, status=LicenseCode.Status.ACTIVE).exists()
    license_requests = LicenseRequest.objects.filter(subscription=service)
    if act is Act.DELIVER:
        return license_requests.filter(status=LicenseRequest.Status.DELIVERED, delivered_at__gte=since).exists()
    return license_requests.filter(status=LicenseRequest.Status.REFUSED, asked_at__gte=since).exists()
