"""One step of a supervised delivery, under the lock of its service: the next node is entered, or it ends and the money with it.

Who may do it and what must be said is looked at before (``act``, ``cancel``, ``appeal``).
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
from tradepost.market.product_types.flows.contract import Act, Effect, Flow, Move, Node, Party, Provision, Within
from tradepost.market.product_types.flows.license_online import FINGERPRINT
from tradepost.market.product_types.flows.registry import flow
from tradepost.market.subscriptions.models import Subscription

from . import milestones
from .clocks import Clocks, effective_at
from .events import NodeEntered, SupervisionEnded
from .lifecycle import SUPERVISION, SupervisionEvent
from .models import CancelRequest, Supervision, Visit
from .refund_rights import Sums, kept

MARKET = "market"
LATE = {
    Act.ACCEPT: gettext_noop("The goods count as received: nobody said otherwise in time."),
    Act.KEEP: gettext_noop("Nothing was sent back in time: the request for money back counts as withdrawn."),
    Act.TAKE_BACK: gettext_noop("The goods count as come back: the seller did not object in time."),
}
"""Why the market acts when the time of a node is over."""


def locked(pk: int) -> Supervision:
    """Whoever calls holds the lock of its subscription."""
    rows = Supervision.objects.select_for_update(of=("self",)).select_related(
        "line__order", "line__version", "buyer", "seller", "subscription"
    )
    return rows.get(pk=pk)


def flow_of(supervision: Supervision) -> Flow:
    return flow(supervision.flow)


def node_of(supervision: Supervision) -> Node:
    return flow_of(supervision).by_code[supervision.node]


def follow(
    supervision: Supervision, held: Subscription, move: Move, visit: Visit, *, clocks: Clocks, now: datetime
) -> None:
    """What an act leads to. ``visit`` is written already. Raises ``Refused`` for what cannot be done now."""
    if Effect.REJECTED in move.effects:
        supervision.rejections += 1
    if Effect.TAKES in move.effects:
        take(held, actor=visit.actor, now=now)
    if Effect.APPLIES in move.effects:
        apply_for_license(held, visit.entries.get(FINGERPRINT, ""), actor=visit.actor, now=now)
    if Effect.PAID_BACK in move.effects:
        _pay_back_agreed(supervision, held, visit, clocks=clocks, now=now)
        return
    if Effect.KEPT in move.effects:
        _close_requests(supervision, CancelRequest.Status.WITHDRAWN, now)
    if Effect.ACCEPTED in move.effects and not (supervision.reviewed and move.reviewed_to):
        if move.more_to and milestones.accept_current(supervision, now=now):
            enter(supervision, flow_of(supervision).by_code[move.more_to], act=move.act, clocks=clocks, now=now)
            return
        accept(supervision, held, by=visit.actor, clocks=clocks, now=now)
        return
    enter(supervision, _next(supervision, move), act=move.act, clocks=clocks, now=now)


def _pay_back_agreed(
    supervision: Supervision, held: Subscription, visit: Visit, *, clocks: Clocks, now: datetime
) -> None:
    """What both agreed on, once the goods came back."""
    request = CancelRequest.objects.get(supervision=supervision, status=CancelRequest.Status.RETURNING)
    pay_back(
        supervision, held, amount_minor=request.amount_minor, reference=str(request.pk), reason=request.reason[:500],
        by=visit.actor, clocks=clocks, now=now,
    )  # fmt: skip


def _next(supervision: Supervision, move: Move) -> Node:
    code = move.reviewed_to if supervision.reviewed and move.reviewed_to else move.to
    return flow_of(supervision).by_code[code]


def enter(supervision: Supervision, node: Node, *, act: Act | None, clocks: Clocks, now: datetime) -> None:
    """It is somebody else's turn."""
    supervision.node, supervision.owner = node.code, node.owner.value
    supervision.visit += act is not None
    supervision.entered_at, supervision.reminded = now, False
    supervision.due_at = _due_at(supervision, node, clocks, now)
    supervision.save()
    outbox.publish(
        NodeEntered(supervision=supervision.pk, visit=supervision.visit, act=act.value if act else ""), now=now
    )


def _due_at(supervision: Supervision, node: Node, clocks: Clocks, now: datetime) -> datetime | None:
    """Goods count as received by themselves only where the parcel went to the buyer's own telephone (§2.10)."""
    if node.auto is None:
        return None
    if node.within is Within.RECEIPT and not _same_phone(supervision.receiver_phone, supervision.buyer.phone):
        return None
    return now + timedelta(days=clocks.days(node.within))


def _same_phone(one: str, other: str) -> bool:
    digits = ["".join(filter(str.isdigit, text))[-11:] for text in (one, other)]
    return bool(digits[0]) and digits[0] == digits[1]


def by_itself(supervision: Supervision, held: Subscription, *, clocks: Clocks, now: datetime) -> None:
    """The time of the node is over. While the buyer asks to cancel it nothing is accepted."""
    node = node_of(supervision)
    move = node.move(node.auto, Party.MARKET) if node.auto is not None else None
    supervision.due_at = None
    supervision.save(update_fields=["due_at"])
    if move is not None and open_request(supervision) is None:
        of_market(supervision, held, move, LATE[move.act], clocks=clocks, now=now)


def of_market(
    supervision: Supervision, held: Subscription, move: Move, words: str, *, clocks: Clocks, now: datetime
) -> None:
    """The market itself acts at the node. ``words``: why, as it stands in the source."""
    visit = Visit.objects.create(
        supervision=supervision, number=supervision.visit, node=supervision.node, act=move.act.value,
        party=Party.MARKET.value, actor=MARKET, words=words, at=now,
    )  # fmt: skip
    follow(supervision, held, move, visit, clocks=clocks, now=now)


def open_request(supervision: Supervision) -> CancelRequest | None:
    return CancelRequest.objects.filter(supervision=supervision, status=CancelRequest.Status.OPEN).first()


# --- the end ------------------------------------------------------------------------------------------------------------


def accept(supervision: Supervision, held: Subscription, *, by: str, clocks: Clocks, now: datetime) -> None:
    """All of it: the order completes, its money is the seller's, and the paid time counts from the day that was said. What the
    seller's interface has to open is opened first (``ended``): acceptance alone never pays for it. Raises ``Refused``."""
    _must_be_open(supervision, held)
    milestones.accept_all(supervision, now=now)
    SUPERVISION.move_all(
        [supervision], SupervisionEvent.ACCEPT, now=now, actor=by, due_at=None, rejections=supervision.rejections
    )
    if flow_of(supervision).provision is Provision.AT_ACCEPTANCE:
        _close_requests(supervision, CancelRequest.Status.DECLINED, now)
        by_people.open_it(held, now=now)
        return
    supervision.effective_at = _effective_at(supervision, held, clocks, now)
    end(supervision, SupervisionEvent.DELIVER, by=by, now=now)
    by_people.finish(held, effective_at=supervision.effective_at, now=now)


def _must_be_open(supervision: Supervision, held: Subscription) -> None:
    """What opens with the payment is not accepted before it is open. Raises ``Refused``."""
    at_payment = flow_of(supervision).provision is Provision.AT_PAYMENT
    if at_payment and held.status == Subscription.Status.OPENING:
        raise Refused(
            "supervision.not_open",
            _("It is not in use yet, so that nothing can be accepted: it goes on, or is paid back."),
        )


def _effective_at(supervision: Supervision, held: Subscription, clocks: Clocks, now: datetime) -> datetime:
    """A code is in use since its activation (§2.10)."""
    if Effect.TAKES in flow_of(supervision).effects and held.started_at is not None:
        return held.started_at
    paid_at = supervision.line.order.paid_at or supervision.opened_at
    return effective_at(started_on=supervision.started_on, accepted_at=now, paid_at=paid_at, zone=clocks.zone)


def sums_of(supervision: Supervision) -> Sums:
    """What was paid, accepted and paid back; one query."""
    return Sums(
        paid=supervision.line.amount_minor, accepted=milestones.accepted_minor(supervision),
        refunded=supervision.refunded_minor,
    )  # fmt: skip


def pay_back(
    supervision: Supervision, held: Subscription, *, amount_minor: int | None = None, reference: str = "end", reason: str,
    by: str, clocks: Clocks, now: datetime,
) -> None:  # fmt: skip
    """It ends, and so much goes back: all that was not accepted, where nothing is said. What is left is the seller's.
    ``reference`` tells what went back for one delivery apart."""
    sums = sums_of(supervision)
    amount = sums.rest if amount_minor is None else amount_minor
    if kept(sums, amount) == 0:
        supervision.refunded_minor = sums.paid
        end(supervision, SupervisionEvent.REFUND, by=by, now=now)
        by_people.give_up(held, reason=reason, actor=by, now=now)
        return
    back = _back(supervision, amount, reference=reference, by=by) if amount else None
    supervision.refunded_minor += amount
    supervision.effective_at = _effective_at(supervision, held, clocks, now)
    end(supervision, SupervisionEvent.REFUND, by=by, now=now)
    by_people.end_early(held, back, effective_at=supervision.effective_at, now=now)


def reduce(
    supervision: Supervision, held: Subscription, *, amount_minor: int, reference: str, by: str, now: datetime
) -> None:
    """So much goes back, less than all that is left, and the delivery goes on for the lower price."""
    by_people.give_back(held, _back(supervision, amount_minor, reference=reference, by=by), now=now)
    supervision.refunded_minor += amount_minor
    supervision.save(update_fields=["refunded_minor"])
    rest = sums_of(supervision).rest
    milestones.share_anew(supervision, Money(rest, supervision.line.order.currency))


def _back(supervision: Supervision, amount_minor: int, *, reference: str, by: str) -> by_people.Back:
    line = supervision.line
    return by_people.Back(
        line=line,
        amount=Money(amount_minor, line.order.currency),
        reference=f"{line.number}/back/{reference}",
        actor=by,
    )


def end(supervision: Supervision, event: SupervisionEvent, *, by: str, now: datetime) -> None:
    """It is over; what becomes of order and money is said beside."""
    supervision.due_at = None
    SUPERVISION.move_all(
        [supervision], event, now=now, actor=by, ended_at=now, due_at=None, effective_at=supervision.effective_at,
        rejections=supervision.rejections, refunded_minor=supervision.refunded_minor,
    )  # fmt: skip
    refunded = event is SupervisionEvent.REFUND
    _close_requests(supervision, CancelRequest.Status.AGREED if refunded else CancelRequest.Status.DECLINED, now)
    outbox.publish(SupervisionEnded(supervision=supervision.pk, how=supervision.status, by=by), now=now)


def _close_requests(supervision: Supervision, status: CancelRequest.Status, now: datetime) -> None:
    """What is asked for is decided by the end."""
    still = CancelRequest.objects.filter(supervision=supervision, status__in=CancelRequest.UNDECIDED)
    still.update(status=status, ended_at=now)
