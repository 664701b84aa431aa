"""Notices about supervised deliveries (business-rules §2.10, §7.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Buyer, Facts, Operators, SellersPeople, Subject
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

DECISIONS = {
    Appeal.Decision.CONTINUE: gettext_noop("Continue from the current step"),
    Appeal.Decision.ACCEPT: gettext_noop("Deem it accepted"),
    Appeal.Decision.REFUND: gettext_noop("Everything not yet accepted is refunded"),
}
MAX_REASON = 300
"""Characters of a reason in a notice."""


BUYER_DELIVERY = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER, sms=True)
SELLER_DELIVERY = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER, sms=True)
FOR_OPERATORS = NoticePolicy(category=Category.PRODUCT, to=Audience.OPERATOR, act="supervision_decide")

SEE_DELIVERY = _("See the delivery")
SUPERVISION_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "delivery_your_turn": NoticeTemplate(
        _("Your action is needed: %(product)s"),
        _("The delivery of order %(order)s requires your action: %(step)s."),
        SEE_DELIVERY, "info", "truck-delivery", BUYER_DELIVERY,
    ),
    "delivery_waits": NoticeTemplate(
        _("The delivery of %(product)s still requires your action"),
        _("Order %(order)s: %(step)s. The delivery cannot continue until you act, and the payment stays on hold."),
        SEE_DELIVERY, "warning", "clock", BUYER_DELIVERY,
    ),
    "delivery_old": NoticeTemplate(
        _("The delivery of %(product)s is taking very long"),
        _("Order %(order)s is not accepted yet. Talk to the seller, or ask the operator to decide."),
        SEE_DELIVERY, "warning", "clock", BUYER_DELIVERY,
    ),
    "delivery_accepted": NoticeTemplate(
        _("The delivery of %(product)s was accepted"),
        _("Order %(order)s is completed."),
        SEE_DELIVERY, "good", "circle-check", BUYER_DELIVERY,
    ),
    "delivery_cancelled": NoticeTemplate(
        _("The delivery of %(product)s was cancelled"),
        _("Your full payment for order %(order)s was refunded to your balance."),
        SEE_DELIVERY, "info", "arrows-exchange", BUYER_DELIVERY,
    ),
    "delivery_ended_early": NoticeTemplate(
        _("The delivery of %(product)s ended early"),
        _("%(amount)s of your payment for order %(order)s was refunded to your balance. The seller keeps the rest."),
        SEE_DELIVERY, "info", "arrows-exchange", BUYER_DELIVERY,
    ),
    "delivery_reduced": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _("The seller agreed to a lower price for %(product)s. The delivery of order %(order)s continues."),
        SEE_DELIVERY, "good", "arrows-exchange", BUYER_DELIVERY,
    ),
    "delivery_cancel_declined": NoticeTemplate(
        _("The seller declined the refund for %(product)s"),
        _("Your request for order %(order)s was declined: %(reason)s. You can ask the operator to decide."),
        SEE_DELIVERY, "warning", "ban", BUYER_DELIVERY,
    ),
    "delivery_appealed": NoticeTemplate(
        _("The operator decides about the delivery of %(product)s"),
        _("Order %(order)s is paused until then. The decision is due by %(until)s."),
        SEE_DELIVERY, "warning", "alert-circle", BUYER_DELIVERY,
    ),
    "delivery_decided": NoticeTemplate(
        _("The operator decided about the delivery of %(product)s"),
        _("Order %(order)s: %(decision)s. Why: %(reason)s"),
        SEE_DELIVERY, "info", "alert-circle", BUYER_DELIVERY,
    ),
    "seller_delivery_your_turn": NoticeTemplate(
        _("Your action is needed: %(product)s"),
        _("The delivery of order %(order)s requires your action: %(step)s."),
        SEE_DELIVERY, "info", "truck-delivery", SELLER_DELIVERY,
    ),
    "seller_delivery_waits": NoticeTemplate(
        _("The delivery of %(product)s still requires your action"),
        _("Order %(order)s: %(step)s. You are paid when its buyer accepts."),
        SEE_DELIVERY, "warning", "clock", SELLER_DELIVERY,
    ),
    "seller_delivery_old": NoticeTemplate(
        _("The delivery of %(product)s is taking very long"),
        _("Order %(order)s is not accepted yet. Talk to the buyer, or ask the operator to decide."),
        SEE_DELIVERY, "warning", "clock", SELLER_DELIVERY,
    ),
    "seller_delivery_accepted": NoticeTemplate(
        _("The delivery of %(product)s was accepted"),
        _("Order %(order)s is completed. The payment is yours."),
        SEE_DELIVERY, "good", "circle-check", SELLER_DELIVERY,
    ),
    "seller_delivery_cancelled": NoticeTemplate(
        _("The delivery of %(product)s was cancelled"),
        _("The full payment for order %(order)s was refunded to the buyer."),
        SEE_DELIVERY, "warning", "arrows-exchange", SELLER_DELIVERY,
    ),
    "seller_delivery_ended_early": NoticeTemplate(
        _("The delivery of %(product)s ended early"),
        _("%(amount)s of the payment for order %(order)s was refunded to the buyer. The rest is yours."),
        SEE_DELIVERY, "warning", "arrows-exchange", SELLER_DELIVERY,
    ),
    "seller_delivery_reduced": NoticeTemplate(
        _("%(amount)s refunded to the buyer for %(product)s"),
        _("As agreed, the delivery of order %(order)s continues at the lower price."),
        SEE_DELIVERY, "info", "arrows-exchange", SELLER_DELIVERY,
    ),
    "seller_delivery_cancel_asked": NoticeTemplate(
        _("A buyer requests a refund for %(product)s"),
        _(
            "Order %(order)s: %(reason)s. Approve the request, or decline it with a reason. The delivery cannot be "
            "accepted until then."),
        SEE_DELIVERY, "warning", "arrow-back-up", SELLER_DELIVERY,
    ),
    "seller_delivery_cancel_withdrawn": NoticeTemplate(
        _("The buyer withdrew the refund request for %(product)s"),
        _("No action is needed. The delivery of order %(order)s continues."),
        SEE_DELIVERY, "info", "circle-check", SELLER_DELIVERY,
    ),
    "seller_delivery_appealed": NoticeTemplate(
        _("The operator decides about the delivery of %(product)s"),
        _("Order %(order)s is paused until then. The decision is due by %(until)s."),
        SEE_DELIVERY, "danger", "alert-circle", SELLER_DELIVERY,
    ),
    "seller_delivery_decided": NoticeTemplate(
        _("The operator decided about the delivery of %(product)s"),
        _("Order %(order)s: %(decision)s. Why: %(reason)s"),
        SEE_DELIVERY, "info", "alert-circle", SELLER_DELIVERY,
    ),
    "operator_delivery_review": NoticeTemplate(
        _("Delivery to review: %(product)s"),
        _("Order %(order)s of %(seller)s: review the evidence of the delivery."),
        SEE_DELIVERY, "info", "truck-delivery", FOR_OPERATORS,
    ),
    "operator_delivery_appeal": NoticeTemplate(
        _("Delivery in dispute: %(product)s"),
        _("Order %(order)s of %(seller)s: decide by %(until)s whether the delivery continues, counts as accepted or is refunded."),
        SEE_DELIVERY, "warning", "alert-circle", FOR_OPERATORS,
    ),
}  # fmt: skip


def _facts(supervision: Supervision) -> Facts:
    line = supervision.line
    return {"product": f.names(line.product_name, line.product_name_en), "order": line.order.number}


SUPERVISION: Subject[Supervision] = Subject(
    __name__,
    Supervision.objects.select_related("buyer", "seller", "line__order"),
    key="supervision",
    facts=_facts,
    buyer=Buyer(page="storefront:supervision"),
    seller=SellersPeople(page="seller_center:supervision"),
    operators=Operators(
        page="console:supervision", facts=lambda supervision: {"seller": f.seller_names(supervision.seller)}
    ),
)


def _waits_for(supervision: Supervision, event: NodeEntered | NodeWaits) -> bool:
    return supervision.visit == event.visit and supervision.status == Supervision.Status.RUNNING


def _step(supervision: Supervision, _: object) -> Facts:
    node = step.node_of(supervision)
    return {"step": f.names(node.title.zh, node.title.en)}


def _to(party: Party, kind: str) -> Callable[[Supervision, object], str]:
    """Return the kind for the party whose turn it is, and none for the others."""
    return lambda supervision, _: kind if Party(supervision.owner) is party else ""


NODE_ENTERED = SUPERVISION.notice(
    NodeEntered,
    when=_waits_for,
    facts=_step,
    once=lambda supervision, event: f"{supervision.pk}/{event.visit}/{event.act}",
    buyer=_to(Party.BUYER, "delivery_your_turn"),
    seller=_to(Party.SELLER, "seller_delivery_your_turn"),
    operators=_to(Party.OPERATOR, "operator_delivery_review"),
)
NODE_WAITS = SUPERVISION.notice(
    NodeWaits,
    when=_waits_for,
    facts=_step,
    once=lambda supervision, event: f"{supervision.pk}/{event.visit}",
    buyer=_to(Party.BUYER, "delivery_waits"),
    seller=_to(Party.SELLER, "seller_delivery_waits"),
)
STALE = SUPERVISION.notice(
    SupervisionStale,
    once=lambda supervision, event: f"{supervision.pk}/{event.times}",
    buyer="delivery_old",
    seller="seller_delivery_old",
)


def _ended_kind(supervision: Supervision, event: SupervisionEnded) -> str:
    if event.how == Supervision.Status.COMPLETED:
        return "delivery_accepted"
    return "delivery_cancelled" if supervision.whole_back else "delivery_ended_early"


def _ended_facts(supervision: Supervision, event: SupervisionEnded) -> Facts:
    ended_early = _ended_kind(supervision, event) == "delivery_ended_early"
    return {"amount": f.money(supervision.refunded)} if ended_early else {}


ENDED = SUPERVISION.notice(
    SupervisionEnded,
    facts=_ended_facts,
    once=lambda supervision, _: f"{supervision.pk}/",
    buyer=_ended_kind,
    seller=lambda supervision, event: f"seller_{_ended_kind(supervision, event)}",
)


def _request_facts(request: CancelRequest) -> Facts:
    return _facts(request.supervision)


def _request_once(request: CancelRequest, _: object) -> str:
    return f"{request.supervision_id}/{request.pk}"


CANCEL_REQUEST: Subject[CancelRequest] = Subject(
    __name__,
    CancelRequest.objects.select_related(*(f"supervision__{name}" for name in ("buyer", "seller", "line__order"))),
    key="request",
    facts=_request_facts,
    buyer=Buyer(
        page="storefront:supervision",
        argument=lambda request: request.supervision_id,
        user=lambda request: request.supervision.buyer,
    ),
    seller=SellersPeople(
        page="seller_center:supervision",
        argument=lambda request: request.supervision_id,
        seller=lambda request: request.supervision.seller,
    ),
)
CANCEL_REQUESTED = CANCEL_REQUEST.notice(
    CancelAsked,
    facts=lambda request, _: {"reason": request.reason[:MAX_REASON]},
    once=_request_once,
    seller=lambda _, event: "seller_delivery_cancel_withdrawn" if event.withdrawn else "seller_delivery_cancel_asked",
)
CANCEL_DECLINED = CANCEL_REQUEST.notice(
    CancelDeclined,
    facts=lambda request, _: {"reason": request.answer[:MAX_REASON]},
    once=_request_once,
    buyer="delivery_cancel_declined",
)


def _appeal_facts(appeal: Appeal) -> Facts:
    return _facts(appeal.supervision)


def _appeal_once(appeal: Appeal, _: object) -> str:
    return f"{appeal.supervision_id}/{appeal.pk}"


APPEAL: Subject[Appeal] = Subject(
    __name__,
    Appeal.objects.select_related(*(f"supervision__{name}" for name in ("buyer", "seller", "line__order"))),
    key="appeal",
    facts=_appeal_facts,
    buyer=Buyer(
        page="storefront:supervision",
        argument=lambda appeal: appeal.supervision_id,
        user=lambda appeal: appeal.supervision.buyer,
    ),
    seller=SellersPeople(
        page="seller_center:supervision",
        argument=lambda appeal: appeal.supervision_id,
        seller=lambda appeal: appeal.supervision.seller,
    ),
    operators=Operators(
        page="console:supervision",
        argument=lambda appeal: appeal.supervision_id,
        facts=lambda appeal: {"seller": f.seller_names(appeal.supervision.seller)},
    ),
)
APPEAL_OPENED = APPEAL.notice(
    AppealOpened,
    facts=lambda appeal, _: {"until": f.moment(appeal.due_at)},
    once=_appeal_once,
    buyer="delivery_appealed",
    seller="seller_delivery_appealed",
    operators="operator_delivery_appeal",
)
APPEAL_DECIDED = APPEAL.notice(
    AppealDecided,
    facts=lambda appeal, _: {
        "decision": f.phrase(DECISIONS[Appeal.Decision(appeal.decision)]),
        "reason": appeal.opinion[:MAX_REASON],
    },
    once=_appeal_once,
    buyer="delivery_decided",
    seller="seller_delivery_decided",
)
