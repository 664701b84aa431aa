"""Who is told of a supervised delivery: whose turn it is, both sides of what ends or is disputed, and operators of what they decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_noop

from tradepost.market.base.events import on
from tradepost.market.base.money import Money
from tradepost.market.orders.events import LineReduced
from tradepost.market.product_types.flows.contract import Party
from tradepost.market.supervision import step
from tradepost.market.supervision.events import (
    AppealDecided,
    AppealOpened,
    CancelAsked,
    CancelDeclined,
    NodeEntered,
    NodeWaits,
    SupervisionEnded,
    SupervisionStale,
)
from tradepost.market.supervision.models import Appeal, CancelRequest, Supervision

from . import facts as f
from .reactions import operators, people_of, seller_names
from .tell import Telling, tell_all

DECISIONS = {
    Appeal.Decision.CONTINUE: gettext_noop("It goes on where it stood"),
    Appeal.Decision.ACCEPT: gettext_noop("It counts as accepted"),
    Appeal.Decision.REFUND: gettext_noop("All that was not accepted is paid back"),
}
type More = Mapping[str, f.Json | str]


def on_node_entered(event: NodeEntered, now: datetime) -> None:
    """Whoever has to act now; what was acted on meanwhile is nobody's turn any more."""
    supervision = _supervision(event.supervision)
    if supervision.visit == event.visit and supervision.status == Supervision.Status.RUNNING:
        tell_all(_turn(supervision, "delivery_your_turn", f"{event.visit}/{event.act}"), now=now)


def on_node_waits(event: NodeWaits, now: datetime) -> None:
    supervision = _supervision(event.supervision)
    if supervision.visit == event.visit and supervision.status == Supervision.Status.RUNNING:
        tell_all(_turn(supervision, "delivery_waits", f"{event.visit}"), now=now)


def on_supervision_stale(event: SupervisionStale, now: datetime) -> None:
    tell_all(_both(_supervision(event.supervision), "delivery_old", {}, f"{event.times}"), now=now)


def on_supervision_ended(event: SupervisionEnded, now: datetime) -> None:
    supervision = _supervision(event.supervision)
    accepted = event.how == Supervision.Status.COMPLETED
    part = not accepted and not supervision.whole_back
    kind = "delivery_accepted" if accepted else "delivery_ended_early" if part else "delivery_cancelled"
    more = {"amount": f.money(supervision.refunded)} if part else {}
    tell_all(_both(supervision, kind, more, ""), now=now)


def on_line_reduced(event: LineReduced, now: datetime) -> None:
    """Of a delivery that goes on; what ended is told by its end."""
    found = Supervision.objects.select_related("buyer", "seller", "line__order").filter(line__number=event.line).first()
    if found is not None and found.open:
        more = {"amount": f.money(Money(event.minor, found.line.order.currency))}
        tell_all(_both(found, "delivery_reduced", more, f"{found.line.reduced_minor}"), now=now)


def on_cancel_asked(event: CancelAsked, now: datetime) -> None:
    request = CancelRequest.objects.get(pk=event.request)
    kind = "seller_delivery_cancel_withdrawn" if event.withdrawn else "seller_delivery_cancel_asked"
    supervision = _supervision(request.supervision_id)
    tell_all(_to_seller(supervision, kind, {"reason": request.reason[:300]}, f"{request.pk}"), now=now)


def on_cancel_declined(event: CancelDeclined, now: datetime) -> None:
    request = CancelRequest.objects.get(pk=event.request)
    supervision = _supervision(request.supervision_id)
    more = {"reason": request.answer[:300]}
    tell_all([_to_buyer(supervision, "delivery_cancel_declined", more, f"{request.pk}")], now=now)


def on_appeal_opened(event: AppealOpened, now: datetime) -> None:
    appeal = Appeal.objects.get(pk=event.appeal)
    supervision, more = _supervision(appeal.supervision_id), {"until": f.moment(appeal.due_at)}
    to_operators = _to_operators(supervision, "operator_delivery_appeal", more, f"{appeal.pk}")
    tell_all([*_both(supervision, "delivery_appealed", more, f"{appeal.pk}"), *to_operators], now=now)


def on_appeal_decided(event: AppealDecided, now: datetime) -> None:
    appeal = Appeal.objects.get(pk=event.appeal)
    more: dict[str, f.Json | str] = {
        "decision": f.phrase(DECISIONS[Appeal.Decision(appeal.decision)]), "reason": appeal.opinion[:300],
    }  # fmt: skip
    tell_all(_both(_supervision(appeal.supervision_id), "delivery_decided", more, f"{appeal.pk}"), now=now)


def _turn(supervision: Supervision, kind: str, once: str) -> list[Telling]:
    node = step.node_of(supervision)
    more = {"step": f.names(node.title.zh, node.title.en)}
    match Party(supervision.owner):
        case Party.BUYER:
            return [_to_buyer(supervision, kind, more, once)]
        case Party.SELLER:
            return _to_seller(supervision, f"seller_{kind}", more, once)
        case Party.OPERATOR if kind == "delivery_your_turn":
            return _to_operators(supervision, "operator_delivery_review", more, once)
    return []


def _both(supervision: Supervision, kind: str, more: More, once: str) -> list[Telling]:
    return [_to_buyer(supervision, kind, more, once), *_to_seller(supervision, f"seller_{kind}", more, once)]


def _to_buyer(supervision: Supervision, kind: str, more: More, once: str) -> Telling:
    return Telling(
        user=supervision.buyer, kind=kind, facts={**_shared(supervision), **more}, once=f"{supervision.pk}/{once}",
        link=reverse("storefront:supervision", args=[supervision.pk]),
    )  # fmt: skip


def _to_seller(supervision: Supervision, kind: str, more: More, once: str) -> list[Telling]:
    return [
        Telling(
            user=user, kind=kind, facts={**_shared(supervision), **more}, once=f"{supervision.pk}/{once}",
            link=reverse("seller_center:supervision", args=[supervision.pk]), contact=contact,
            seller=supervision.seller_id,
        )
        for user, contact in people_of(supervision.seller)
    ]  # fmt: skip


def _to_operators(supervision: Supervision, kind: str, more: More, once: str) -> list[Telling]:
    facts = {**_shared(supervision), **more, "seller": seller_names(supervision.seller)}
    link = reverse("console:supervision", args=[supervision.pk])
    return [
        Telling(user=user, kind=kind, facts=facts, once=f"{supervision.pk}/{once}", link=link) for user in operators()
    ]


def _shared(supervision: Supervision) -> dict[str, f.Json | str]:
    line = supervision.line
    return {"product": f.names(line.product_name, line.product_name_en), "order": line.order.number}


def _supervision(pk: int) -> Supervision:
    return Supervision.objects.select_related("buyer", "seller", "line__order").get(pk=pk)


REACTIONS = (
    on(NodeEntered, on_node_entered),
    on(NodeWaits, on_node_waits),
    on(SupervisionStale, on_supervision_stale),
    on(CancelAsked, on_cancel_asked),
    on(CancelDeclined, on_cancel_declined),
    on(AppealOpened, on_appeal_opened),
    on(AppealDecided, on_appeal_decided),
)
"""A part of ``wiring``'s table."""
