"""Notices about complaints (business-rules §9, §1.6, §17.6)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Buyer, Facts, Operators, SellersPeople, Subject
from tradepost.market.service_desk.events import (
    ComplaintDecided,
    ComplaintRaised,
    ComplaintReplied,
    ComplaintUnanswered,
    ComplaintWithdrawn,
)
from tradepost.market.service_desk.models import Complaint

BUYER_COMPLAINT = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER)
NEW_COMPLAINT = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER, mandatory=True, sms=True)
"""§17.6: a seller counts as unreachable after phone, SMS, mail and in-site message of the platform."""
COMPLAINT_PROGRESS = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER)
FOR_OPERATORS = NoticePolicy(category=Category.OPERATIONS, to=Audience.OPERATOR, act="complaint_decide")

COMPLAINT_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "seller_complaint": NoticeTemplate(
        _("A buyer complains about you: %(reason)s"),
        _("Product: %(product)s. Reply before %(until)s. After that, an operator decides without your reply."),
        _("Reply to the complaint"), "danger", "alert-circle", NEW_COMPLAINT,
    ),
    "seller_complaint_late": NoticeTemplate(
        _("You did not reply to a complaint in time"),
        _("Product: %(product)s. Reason: %(reason)s. You can still reply until an operator decides."),
        _("Reply to the complaint"), "danger", "clock", NEW_COMPLAINT,
    ),
    "seller_complaint_withdrawn": NoticeTemplate(
        _("A buyer withdrew a complaint about you"),
        _("Product: %(product)s. No action is needed."),
        _("See the complaint"), "info", "circle-check", COMPLAINT_PROGRESS,
    ),
    "seller_complaint_upheld": NoticeTemplate(
        _("A complaint about you was upheld"),
        _("Product: %(product)s. Reason: %(reason)s. Penalty points: %(points)s. Decision: %(decision)s"),
        _("See the complaint"), "danger", "alert-circle", NEW_COMPLAINT,
    ),
    "seller_complaint_turned_down": NoticeTemplate(
        _("A complaint about you was not upheld"),
        _("Product: %(product)s. Reason: %(reason)s. Decision: %(decision)s"),
        _("See the complaint"), "good", "circle-check", COMPLAINT_PROGRESS,
    ),
    "complaint_replied": NoticeTemplate(
        _("%(seller)s replied to your complaint"),
        _("An operator decides before %(due)s. If the matter is settled, you can withdraw the complaint."),
        _("Read the reply"), "info", "message", BUYER_COMPLAINT,
    ),
    "complaint_unanswered": NoticeTemplate(
        _("%(seller)s has not replied to your complaint"),
        _("An operator decides before %(due)s."),
        _("See the complaint"), "info", "clock", BUYER_COMPLAINT,
    ),
    "complaint_upheld": NoticeTemplate(
        _("Your complaint about %(seller)s was upheld"),
        _("Reason: %(decision)s"),
        _("See the complaint"), "good", "circle-check", BUYER_COMPLAINT,
    ),
    "complaint_turned_down": NoticeTemplate(
        _("Your complaint about %(seller)s was not upheld"),
        _("Reason: %(decision)s"),
        _("See the complaint"), "warning", "ban", BUYER_COMPLAINT,
    ),
    "operator_complaint": NoticeTemplate(
        _("A buyer complains about %(seller)s: %(reason)s"),
        _("Product: %(product)s. The seller can reply until %(until)s. Decide before %(due)s."),
        _("See the complaint"), "warning", "alert-circle", FOR_OPERATORS,
    ),
    "operator_complaint_replied": NoticeTemplate(
        _("%(seller)s replied to a complaint"),
        _("Product: %(product)s. Reason: %(reason)s. Decide before %(due)s."),
        _("Decide"), "warning", "message", FOR_OPERATORS,
    ),
    "operator_complaint_unanswered": NoticeTemplate(
        _("%(seller)s did not reply to a complaint"),
        _("Product: %(product)s. Reason: %(reason)s. Decide before %(due)s."),
        _("Decide"), "danger", "clock", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows


def _facts(complaint: Complaint) -> Facts:
    product = complaint.product
    return {
        "seller": f.seller_names(complaint.seller),
        "product": f.product_names(product) if product else f.seller_names(complaint.seller),
        "reason": f.in_both_languages(Complaint.Reason(complaint.reason).label),
        "until": f.moment(complaint.reply_until),
        "due": f.moment(complaint.due_at),
        "decision": complaint.decision,
        "points": str(complaint.points),
    }


COMPLAINT: Subject[Complaint] = Subject(
    __name__,
    Complaint.objects.select_related("buyer", "seller", "product"),
    key="complaint",
    facts=_facts,
    buyer=Buyer(page="storefront:complaint"),
    seller=SellersPeople(page="seller_center:complaint"),
    operators=Operators(page="console:complaint"),
)


def _outcome(complaint: Complaint) -> str:
    return "upheld" if complaint.status == Complaint.Status.UPHELD else "turned_down"


RAISED = COMPLAINT.notice(ComplaintRaised, seller="seller_complaint", operators="operator_complaint")
REPLIED = COMPLAINT.notice(ComplaintReplied, buyer="complaint_replied", operators="operator_complaint_replied")
UNANSWERED = COMPLAINT.notice(
    ComplaintUnanswered,
    when=lambda complaint, _: complaint.status == Complaint.Status.UNANSWERED,  # the seller may have replied since
    buyer="complaint_unanswered",
    seller="seller_complaint_late",
    operators="operator_complaint_unanswered",
)
DECIDED = COMPLAINT.notice(
    ComplaintDecided,
    buyer=lambda complaint, _: f"complaint_{_outcome(complaint)}",
    seller=lambda complaint, _: f"seller_complaint_{_outcome(complaint)}",
)
WITHDRAWN = COMPLAINT.notice(ComplaintWithdrawn, seller="seller_complaint_withdrawn")
