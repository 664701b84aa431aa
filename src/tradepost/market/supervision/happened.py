"""What moves a supervised delivery without anybody saying so here: the seller's server delivers a license or grants none, the software
activates a code (business-rules §2.10)."""

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
from .timers import watch

WORDS = {
    Act.ACTIVATE: gettext_noop("The software has activated the code."),
    Act.DELIVER: gettext_noop("The license has come. Its buyer reads it on the page of the service."),
    Act.REFUSE: gettext_noop("The seller's server grants no license for this code. The page of the service says why."),
}


def on_something(subscription: int, now: datetime, *, clocks: Clocks) -> None:
    """Reaction to what happened to a license or a code of this service. Repeating it changes nothing."""
    running = Supervision.objects.filter(subscription=subscription, status=Supervision.Status.RUNNING)
    pk = running.values_list("pk", flat=True).first()
    if pk is None:
        return
    with transaction.atomic():
        held = locked_subscriptions([subscription])[0]
        supervision = step.locked(pk)
        if supervision.status == Supervision.Status.RUNNING:
            catch_up(supervision, held, since=supervision.entered_at, clocks=clocks, now=now)
            watch(supervision, clocks=clocks, now=now)


def catch_up(supervision: Supervision, held: Subscription, *, since: datetime, clocks: Clocks, now: datetime) -> None:
    """Lead on where what its node waits for is true. Both are locked. ``since``: when the node was entered."""
    move = _true(supervision, held, since)
    if move is not None:
        step.of_market(supervision, held, move, WORDS[move.act], clocks=clocks, now=now)


def _true(supervision: Supervision, held: Subscription, since: datetime) -> Move | None:
    node = step.node_of(supervision)
    waited = [move for move in node.moves if move.by is Party.MARKET and move.act is not node.auto]
    return next((move for move in waited if _is_true(move.act, held, since)), None)


def _is_true(act: Act, held: Subscription, since: datetime) -> bool:
    """A license that was rejected came before the node was entered again."""
    if act is Act.ACTIVATE:
        return LicenseCode.objects.filter(subscription=held, status=LicenseCode.Status.ACTIVE).exists()
    own = LicenseRequest.objects.filter(subscription=held)
    if act is Act.DELIVER:
        return own.filter(status=LicenseRequest.Status.DELIVERED, delivered_at__gte=since).exists()
    return own.filter(status=LicenseRequest.Status.REFUSED, asked_at__gte=since).exists()
