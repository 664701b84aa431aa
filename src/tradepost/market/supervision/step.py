"""Steps of a supervised delivery under the lock of its service: enter the next node, or end with the money.

``act``, ``cancel`` and ``appeal`` check beforehand who may act and which entries are required.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.fulfilment import by_people
from tradepost.market.fulfilment.licensing import apply_for_license
from tradepost.market.licenses.codes import take
from tradepost.market.product_types.flows.contract import Act, Effect, Flow, Move, Node, Party, Provision, TimeLimit
from tradepost.market.product_types.flows.license_online import FINGERPRINT
from tradepost.market.product_types.flows.registry import flow
from tradepost.market.subscriptions.models import Subscription

from . import milestones
from .clocks import Clocks, effective_at
from .events import NodeEntered, SupervisionEnded
from .lifecycle import SUPERVISION, SupervisionEvent
from .models import CancelRequest, Supervision, Visit
from .refund_rights import DeliverySums, amount_left_to_seller

MARKET = "market"
OVERDUE_NOTES = {
    Act.ACCEPT: gettext_noop("No objection was raised in time, so the goods are deemed received."),
    Act.KEEP: gettext_noop("Nothing was returned in time, so the refund request is deemed withdrawn."),
    Act.TAKE_BACK: gettext_noop("The goods are deemed returned because the seller did not object in time."),
}
"""Notes of automatic acts after the time limit of a node."""


def lock_supervision(pk: int) -> Supervision:
    """Return the delivery, locked. The caller holds the lock of its subscription."""
    rows = Supervision.objects.select_for_update(of=("self",)).select_related(
        "line__order", "line__version", "buyer", "seller", "subscription"
    )
    return rows.get(pk=pk)


def flow_of(supervision: Supervision) -> Flow:
    return flow(supervision.flow)


def node_of(supervision: Supervision) -> Node:
    return flow_of(supervision).by_code[supervision.node]


def apply_act(
    supervision: Supervision, service: Subscription, move: Move, visit: Visit, *, clocks: Clocks, now: datetime
) -> None:
    """Apply the effects of a stored act. Raises ``Refused`` for an act that is impossible now."""
    if Effect.REJECTED in move.effects:
        supervision.rejections += 1
    if Effect.TAKES in move.effects:
        take(service, actor=visit.actor, now=now)
    if Effect.APPLIES in move.effects:
        apply_for_license(service, visit.entries.get(FINGERPRINT, ""), actor=visit.actor, now=now)
    if Effect.PAID_BACK in move.effects:
        _refund_agreed(supervision, service, visit, clocks=clocks, now=now)
        return
    if Effect.KEPT in move.effects:
        _close_requests(supervision, CancelRequest.Status.WITHDRAWN, now)
    if Effect.ACCEPTED in move.effects and not (supervision.reviewed and move.reviewed_to):
        if move.more_to and milestones.accept_current(supervision, now=now):
            enter(supervision, flow_of(supervision).by_code[move.more_to], act=move.act, clocks=clocks, now=now)
            return
        accept(supervision, service, by=visit.actor, clocks=clocks, now=now)
        return
    enter(supervision, _next_node(supervision, move), act=move.act, clocks=clocks, now=now)


def _refund_agreed(
    supervision: Supervision, service: Subscription, visit: Visit, *, clocks: Clocks, now: datetime
) -> None:
    """Refund the agreed amount after the goods were returned."""
    request = CancelRequest.objects.get(supervision=supervision, status=CancelRequest.Status.RETURNING)
    refund_and_end(
        supervision, service, amount_minor=request.amount_minor, reference=str(request.pk), reason=request.reason[:500],
        by=visit.actor, clocks=clocks, now=now,
    )  # fmt: skip


def _next_node(supervision: Supervision, move: Move) -> Node:
    code = move.reviewed_to if supervision.reviewed and move.reviewed_to else move.to
    return flow_of(supervision).by_code[code]


def enter(supervision: Supervision, node: Node, *, act: Act | None, clocks: Clocks, now: datetime) -> None:
    """Enter a node, where another party has to act."""
    supervision.node, supervision.owner = node.code, node.owner.value
    supervision.visit += act is not None
    supervision.entered_at, supervision.reminded = now, False
    supervision.due_at = _due_at(supervision, node, clocks, now)
    supervision.save()
    outbox.publish(
        NodeEntered(supervision=supervision.pk, visit=supervision.visit, act=act.value if act else ""), now=now
    )


def _due_at(supervision: Supervision, node: Node, clocks: Clocks, now: datetime) -> datetime | None:
    """Return the node's deadline. Goods are deemed received only if the parcel went to the buyer's own phone number
    (§2.10)."""
    if node.auto is None:
        return None
    if node.within is TimeLimit.RECEIPT and not _same_phone(supervision.receiver_phone, supervision.buyer.phone):
        return None
    return now + timedelta(days=clocks.days(node.within))


def _same_phone(first: str, second: str) -> bool:
    digits = ["".join(filter(str.isdigit, text))[-11:] for text in (first, second)]
    return bool(digits[0]) and digits[0] == digits[1]


def act_automatically(supervision: Supervision, service: Subscription, *, clocks: Clocks, now: datetime) -> None:
    """Act automatically after the node's time limit. Nothing is accepted while a refund request is open."""
    node = node_of(supervision)
    move = node.move(node.auto, Party.MARKET) if node.auto is not None else None
    supervision.due_at = None
    supervision.save(update_fields=["due_at"])
    if move is not None and open_request(supervision) is None:
        act_as_market(supervision, service, move, OVERDUE_NOTES[move.act], clocks=clocks, now=now)


def act_as_market(
    supervision: Supervision, service: Subscription, move: Move, words: str, *, clocks: Clocks, now: datetime
) -> None:
    """Perform an act of the market at the node. ``words``: the reason, as a message id."""
    visit = Visit.objects.create(
        supervision=supervision, number=supervision.visit, node=supervision.node, act=move.act.value,
        party=Party.MARKET.value, actor=MARKET, words=words, at=now,
    )  # fmt: skip
    apply_act(supervision, service, move, visit, clocks=clocks, now=now)


def open_request(supervision: Supervision) -> CancelRequest | None:
    return CancelRequest.objects.filter(supervision=supervision, status=CancelRequest.Status.OPEN).first()


# --- the end ------------------------------------------------------------------------------------------------------------


def accept(supervision: Supervision, service: Subscription, *, by: str, clocks: Clocks, now: datetime) -> None:
    """Accept the delivery: the order completes, the seller earns the money, and the paid time starts. Raises
    ``Refused``.

    A service that the seller's interface opens is opened first (``ended``), since acceptance alone never pays for it.
    """
    _check_service_open(supervision, service)
    milestones.accept_all(supervision, now=now)
    SUPERVISION.move_all(
        [supervision], SupervisionEvent.ACCEPT, now=now, actor=by, due_at=None, rejections=supervision.rejections
    )
    if flow_of(supervision).provision is Provision.AT_ACCEPTANCE:
        _close_requests(supervision, CancelRequest.Status.DECLINED, now)
        by_people.open_service(service, now=now)
        return
    supervision.effective_at = _effective_at(supervision, service, clocks, now)
    end(supervision, SupervisionEvent.DELIVER, by=by, now=now)
    by_people.finish(service, effective_at=supervision.effective_at, now=now)


def _check_service_open(supervision: Supervision, service: Subscription) -> None:
    """Check that a service that opens on payment is open before it is accepted. Raises ``Refused``."""
    at_payment = flow_of(supervision).provision is Provision.AT_PAYMENT
    if at_payment and service.status == Subscription.Status.OPENING:
        raise Refused(
            "supervision.not_open",
            _("The service is not in use yet, so it cannot be accepted. Continue the delivery or decide on a refund."),
        )


def _effective_at(supervision: Supervision, service: Subscription, clocks: Clocks, now: datetime) -> datetime:
    """Return when the paid time starts. A code is in use since its activation (§2.10)."""
    if Effect.TAKES in flow_of(supervision).effects and service.started_at is not None:
        return service.started_at
    paid_at = supervision.line.order.paid_at or supervision.opened_at
    return effective_at(started_on=supervision.started_on, accepted_at=now, paid_at=paid_at, zone=clocks.zone)


def sums_of(supervision: Supervision) -> DeliverySums:
    """Return the paid, accepted and refunded amounts with one query."""
    return DeliverySums(
        paid=supervision.line.amount_minor, accepted=milestones.accepted_minor(supervision),
        refunded=supervision.refunded_minor,
    )  # fmt: skip


def refund_and_end(
    supervision: Supervision, service: Subscription, *, amount_minor: int | None = None, reference: str = "end", reason: str,
    by: str, clocks: Clocks, now: datetime,
) -> None:  # fmt: skip
    """End the delivery with a refund of the amount, or of all that is not accepted. The seller earns the rest.

    ``reference`` distinguishes the refunds of a delivery.
    """
    sums = sums_of(supervision)
    amount = sums.rest if amount_minor is None else amount_minor
    if amount_left_to_seller(sums, amount) == 0:
        supervision.refunded_minor = sums.paid
        end(supervision, SupervisionEvent.REFUND, by=by, now=now)
        by_people.give_up(service, reason=reason, actor=by, now=now)
        return
    refund = _refund_of(supervision, amount, reference=reference, by=by) if amount else None
    supervision.refunded_minor += amount
    supervision.effective_at = _effective_at(supervision, service, clocks, now)
    end(supervision, SupervisionEvent.REFUND, by=by, now=now)
    by_people.end_early(service, refund, effective_at=supervision.effective_at, now=now)


def refund_part(
    supervision: Supervision, service: Subscription, *, amount_minor: int, reference: str, by: str, now: datetime
) -> None:
    """Refund a part of the remaining amount; the delivery continues at the lower price."""
    by_people.refund_part(service, _refund_of(supervision, amount_minor, reference=reference, by=by), now=now)
    supervision.refunded_minor += amount_minor
    supervision.save(update_fields=["refunded_minor"])
    remaining_minor = sums_of(supervision).rest
    milestones.redistribute(supervision, Money(remaining_minor, supervision.line.order.currency))


def _refund_of(supervision: Supervision, amount_minor: int, *, reference: str, by: str) -> by_people.PartialRefund:
    line = supervision.line
    return by_people.PartialRefund(
        line=line,
        amount=Money(amount_minor, line.order.currency),
        reference=f"{line.number}/back/{reference}",
        actor=by,
    )


def end(supervision: Supervision, event: SupervisionEvent, *, by: str, now: datetime) -> None:
    """End the delivery. The caller settles the order and its money."""
    supervision.due_at = None
    SUPERVISION.move_all(
        [supervision], event, now=now, actor=by, ended_at=now, due_at=None, effective_at=supervision.effective_at,
        rejections=supervision.rejections, refunded_minor=supervision.refunded_minor,
    )  # fmt: skip
    is_refunded = event is SupervisionEvent.REFUND
    _close_requests(supervision, CancelRequest.Status.AGREED if is_refunded else CancelRequest.Status.DECLINED, now)
    outbox.publish(SupervisionEnded(supervision=supervision.pk, how=supervision.status, by=by), now=now)


def _close_requests(supervision: Supervision, status: CancelRequest.Status, now: datetime) -> None:
    """Close open refund requests, which the end of the delivery decides."""
    undecided_requests = CancelRequest.objects.filter(supervision=supervision, status__in=CancelRequest.UNDECIDED)
    undecided_requests.update(status=status, ended_at=now)
