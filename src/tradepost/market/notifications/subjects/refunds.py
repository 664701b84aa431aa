"""Notices about refunds (business-rules §1, §6, §7.1)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Buyer, Facts, Operators, SellersPeople, Subject
from tradepost.market.orders.events import (
    RefundDecided,
    RefundPaid,
    RefundRequested,
    RefundUnanswered,
    RefundWithdrawn,
)
from tradepost.market.orders.refund_models import Refund

BUYER_MONEY = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
BUYER_ORDER = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER)
FOR_OPERATORS = NoticePolicy(category=Category.FINANCE, to=Audience.OPERATOR, act="refund_decide")
SELLER_UNSUBSCRIPTION = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)
"""§7.1: unsubscribe requested → seller, 101."""

REFUND_TEMPLATES: Mapping[str, NoticeTemplate] = {
    # "_image" and "_plain": kinds of notices for what no seller deletes.
    "refund_paid": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _("You unsubscribed from %(product)s (order %(order)s). The service has ended and is deleted with its data."),
        _("See the refund"), "good", "arrows-exchange", BUYER_MONEY,
    ),
    "refund_free": NoticeTemplate(
        _("You unsubscribed from %(product)s"),
        _("It cost nothing, so there is no refund (order %(order)s). The service has ended and is deleted with its data."),
        _("See the refund"), "info", "arrow-back-up", BUYER_ORDER,
    ),
    "refund_paid_image": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _(
            "You unsubscribed from %(product)s (order %(order)s). The period image has ended. Your server and its "
            "data are kept. While the server runs, each hour is billed."),
        _("See the refund"), "good", "arrows-exchange", BUYER_MONEY,
    ),
    "refund_paid_plain": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _("You unsubscribed from %(product)s (order %(order)s). The service has ended."),
        _("See the refund"), "good", "arrows-exchange", BUYER_MONEY,
    ),
    "refund_free_image": NoticeTemplate(
        _("You unsubscribed from %(product)s"),
        _("It cost nothing, so there is no refund (order %(order)s). The period image has ended. Your server and its data are kept. "
          "While the server runs, each hour is billed."),
        _("See the refund"), "info", "arrow-back-up", BUYER_ORDER,
    ),
    "refund_free_plain": NoticeTemplate(
        _("You unsubscribed from %(product)s"),
        _("It cost nothing, so there is no refund (order %(order)s). The service has ended."),
        _("See the refund"), "info", "arrow-back-up", BUYER_ORDER,
    ),
    "usage_service_ended_plain": NoticeTemplate(
        _("Your service %(product)s has ended"),
        _("You ended it (order %(order)s). Usage until its end is still charged."),
        _("Open the order"), "info", "arrow-back-up", BUYER_ORDER,
    ),
    "usage_service_ended": NoticeTemplate(
        _("Your service %(product)s has ended"),
        _("You ended it (order %(order)s). Usage until its end is still charged. The service is deleted with its data."),
        _("Open the order"), "info", "arrow-back-up", BUYER_ORDER,
    ),
    "refund_of_renewal": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _("The renewal of %(product)s was cancelled before it took effect (order %(order)s). The service is paid until %(until)s."),
        _("See the refund"), "good", "arrows-exchange", BUYER_MONEY,
    ),
    "refund_of_free_renewal": NoticeTemplate(
        _("The renewal of %(product)s was cancelled"),
        _("The renewal was free, so there is no refund (order %(order)s). The service is paid until %(until)s."),
        _("See the refund"), "info", "arrow-back-up", BUYER_ORDER,
    ),
    "seller_unsubscribed": NoticeTemplate(
        _("A buyer unsubscribed from %(product)s"),
        _("%(amount)s is refunded to the buyer. Your earnings from it are deducted from the amount that the market owes you. The market is asking your production interface to delete the instance. You only need to act if a call fails."),
        _("See the refund"), "warning", "arrow-back-up", SELLER_UNSUBSCRIPTION,
    ),
    "seller_usage_service_ended": NoticeTemplate(
        _("A buyer ended %(product)s"),
        _("Report its usage until the end as usual. The market is asking your production interface to delete the instance; you only "
          "need to act if a call fails."),
        _("Open the order"), "warning", "arrow-back-up", SELLER_UNSUBSCRIPTION,
    ),
    "seller_renewal_taken_back": NoticeTemplate(
        _("The buyer cancelled a renewal of %(product)s"),
        _(
            "The renewal had not started, so %(amount)s is refunded to the buyer. The market is notifying your "
            "production interface of the previous expiry date; you only need to act if a call fails."),
        _("See the refund"), "info", "arrow-back-up", SELLER_UNSUBSCRIPTION,
    ),
    "seller_unsubscribed_plain": NoticeTemplate(
        _("A buyer unsubscribed from %(product)s"),
        _("%(amount)s is refunded to the buyer, and your share of it is deducted from your next statement. No action "
          "is needed."),
        _("See the refund"), "warning", "arrow-back-up", SELLER_UNSUBSCRIPTION,
    ),
    "seller_usage_service_ended_plain": NoticeTemplate(
        _("A buyer ended %(product)s"),
        _("Report its usage until the end as usual."),
        _("Open the order"), "warning", "arrow-back-up", SELLER_UNSUBSCRIPTION,
    ),
    "seller_renewal_taken_back_plain": NoticeTemplate(
        _("The buyer cancelled a renewal of %(product)s"),
        _("The renewal had not started, so %(amount)s is refunded to the buyer. No action is needed."),
        _("See the refund"), "info", "arrow-back-up", SELLER_UNSUBSCRIPTION,
    ),
    "seller_refund_asked": NoticeTemplate(
        _("A buyer requests a refund of %(amount)s for %(product)s"),
        _(
            "Agree or refuse, and enter the reason. If you do not answer before %(until)s, the buyer can ask the "
            "operator to decide."),
        _("Answer the request"), "warning", "arrow-back-up", SELLER_UNSUBSCRIPTION,
    ),
    "seller_refund_waits": NoticeTemplate(
        _("A buyer is still waiting for an answer: refund of %(amount)s for %(product)s"),
        _(
            "Agree or refuse, and enter the reason. If you do not answer before %(until)s, the buyer can ask the "
            "operator to decide."),
        _("Answer the request"), "danger", "clock", SELLER_UNSUBSCRIPTION,
    ),
    "seller_refund_appealed": NoticeTemplate(
        _("The operator will decide on a refund for %(product)s"),
        _("You did not answer in time, so the buyer asked the operator to decide. The request is for %(amount)s. You will be notified of the decision."),
        _("See the refund"), "danger", "alert-circle", SELLER_UNSUBSCRIPTION,
    ),
    "seller_refund_withdrawn": NoticeTemplate(
        _("The buyer withdrew the refund request for %(product)s"),
        _("No action is needed. The service continues."),
        _("See the refund"), "info", "circle-check", SELLER_UNSUBSCRIPTION,
    ),
    "seller_refund_decided_for": NoticeTemplate(
        _("The operator agreed to a refund for %(product)s"),
        _("%(amount)s is refunded to the buyer and deducted from the amount that the market owes you. Reason: %(opinion)s"),
        _("See the refund"), "warning", "arrows-exchange", SELLER_UNSUBSCRIPTION,
    ),
    "seller_refund_decided_against": NoticeTemplate(
        _("The operator refused a refund for %(product)s"),
        _("There is no refund, and the service continues. Reason: %(opinion)s"),
        _("See the refund"), "info", "circle-check", SELLER_UNSUBSCRIPTION,
    ),
    "refund_refused": NoticeTemplate(
        _("Your refund for %(product)s was refused"),
        _("The seller's answer: %(opinion)s You can request a refund again as long as the service is refundable."),
        _("See the refund"), "warning", "ban", BUYER_MONEY,
    ),
    "refund_refused_by_operator": NoticeTemplate(
        _("The operator refused your refund for %(product)s"),
        _("Reason: %(opinion)s"),
        _("See the refund"), "warning", "ban", BUYER_MONEY,
    ),
    "refund_unanswered": NoticeTemplate(
        _("The seller has not answered your refund request for %(product)s"),
        _("Call or write to the seller; the contact details are on the page. From %(until)s on, you can ask the operator to decide."),
        _("See the refund"), "info", "clock", BUYER_ORDER,
    ),
    "refund_may_appeal": NoticeTemplate(
        _("You can ask the operator to decide your refund for %(product)s"),
        _("The seller has not answered your request for %(amount)s in time."),
        _("Contact the operator"), "warning", "alert-circle", BUYER_ORDER,
    ),
    "operator_refund_appeal": NoticeTemplate(
        _("A buyer asks you to decide a refund of %(amount)s"),
        _("Product: %(product)s. Seller: %(seller)s. The seller has not answered in time."),
        _("Decide"), "warning", "arrow-back-up", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows


def _facts(refund: Refund) -> Facts:
    return {
        "product": f.product_names(refund.subscription.product),
        "order": refund.order.number if refund.order else "–",
    }


def _paid_until(refund: Refund) -> Facts:
    until = refund.subscription.expires_at
    return {"until": f.moment(until)} if until is not None else {}


REFUND: Subject[Refund] = Subject(
    __name__,
    Refund.objects.select_related("buyer", "seller", "order", "subscription__product", "subscription__offer"),
    key="refund",
    facts=_facts,
    buyer=Buyer(page="storefront:refund"),
    buyer_of_renewal=Buyer(page="storefront:refund", facts=_paid_until),
    seller=SellersPeople(page="seller_center:refund"),
    operators=Operators(page="console:refund", facts=lambda refund: {"seller": f.seller_names(refund.seller)}),
)


def _requested(refund: Refund, _: object = None) -> Facts:
    until = {"until": f.moment(refund.appeal_at)} if refund.appeal_at is not None else {}
    return {"amount": f.money(refund.total), **until}


REQUESTED = REFUND.notice(
    RefundRequested,
    facts=_requested,
    operators=lambda _, event: "operator_refund_appeal" if event.appeal else "",
    seller=lambda _, event: "seller_refund_appealed" if event.appeal else "seller_refund_asked",
)


def _decided_for_buyer(refund: Refund, event: RefundDecided) -> str:
    """An approved refund is announced when it is paid."""
    if event.outcome == "approved":
        return ""
    return "refund_refused_by_operator" if refund.by_operator else "refund_refused"


def _decided_for_seller(refund: Refund, event: RefundDecided) -> str:
    """A seller is not notified of its own decision."""
    if not refund.by_operator:
        return ""
    return "seller_refund_decided_for" if event.outcome == "approved" else "seller_refund_decided_against"


DECIDED = REFUND.notice(
    RefundDecided,
    facts=lambda refund, _: {**_requested(refund), "opinion": refund.opinion},
    buyer=_decided_for_buyer,
    seller=_decided_for_seller,
)
WITHDRAWN = REFUND.notice(RefundWithdrawn, seller="seller_refund_withdrawn")
UNANSWERED = REFUND.notice(
    RefundUnanswered,
    when=lambda refund, _: refund.status == Refund.Status.SELLER_REVIEW,
    facts=_requested,
    buyer=lambda _, event: "refund_may_appeal" if event.may_appeal else "refund_unanswered",
    seller=lambda _, event: "" if event.may_appeal else "seller_refund_waits",
)


_BUYERS_VARIANT = {DeletedBy.IMAGE: "_image", DeletedBy.NOBODY: "_plain"}


def _paid_to_buyer(refund: Refund, _: object) -> str:
    if refund.kind == Refund.Kind.CANCEL_RENEWAL:
        return ""
    if refund.kind == Refund.Kind.END:
        kind = "usage_service_ended"
    else:
        kind = "refund_paid" if refund.total.minor else "refund_free"
    return kind + _BUYERS_VARIANT.get(deleted_by(refund.subscription), "")


def _paid_for_renewal(refund: Refund, _: object) -> str:
    if refund.kind != Refund.Kind.CANCEL_RENEWAL:
        return ""
    return "refund_of_renewal" if refund.total.minor else "refund_of_free_renewal"


def _paid_by_seller(refund: Refund, _: object) -> str:
    by_kind = {
        Refund.Kind.END: "seller_usage_service_ended",
        Refund.Kind.CANCEL_RENEWAL: "seller_renewal_taken_back",
    }
    kind = by_kind.get(Refund.Kind(refund.kind), "seller_unsubscribed")
    return kind if deleted_by(refund.subscription) is DeletedBy.SELLER else f"{kind}_plain"


PAID = REFUND.notice(
    RefundPaid,
    facts=lambda refund, _: {"amount": f.money(refund.total)},
    buyer=_paid_to_buyer,
    buyer_of_renewal=_paid_for_renewal,
    seller=_paid_by_seller,
)
