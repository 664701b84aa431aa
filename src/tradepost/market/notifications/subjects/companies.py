"""Notices about companies: their submissions, their admission and suspension, their agreements (business-rules §2.4, §7.1)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.models import Move
from tradepost.market.identity.events import SellerAdmitted, SellerExited, SellerResumed, SellerSuspended
from tradepost.market.identity.lifecycle import SELLER as LIFECYCLE
from tradepost.market.identity.models import Seller
from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Operators, SellersPeople, Subject

REVIEW_RESULT = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER, sms=True)
"""§7.1: entry, review and certification results → in the site, e-mail, SMS; §17.8: publish result 101."""
SELLER_CONTRACT = NoticePolicy(category=Category.CONTRACT, to=Audience.SELLER)
SELLER_STATUS = NoticePolicy(category=Category.CONTRACT, to=Audience.SELLER, mandatory=True)
FOR_OPERATORS = NoticePolicy(category=Category.CONTRACT, to=Audience.OPERATOR, act="review_approve")
ABOUT_SELLERS = NoticePolicy(category=Category.CONTRACT, to=Audience.OPERATOR, act="seller_suspend")
TO_UNLOCK = NoticePolicy(category=Category.CONTRACT, to=Audience.OPERATOR, act="seller_unlock")

COMPANY_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "seller_submission_approved": NoticeTemplate(
        _("%(kind)s: approved"),
        _("The operator approved it. It takes effect immediately."),
        _("Open the submission"), "good", "circle-check", REVIEW_RESULT,
    ),
    "seller_submission_rejected": NoticeTemplate(
        _("%(kind)s: not approved"),
        _(
            "The operator explained the problems in each section. Correct them and submit again; your entries are "
            "saved."),
        _("See the reasons"), "warning", "alert-triangle", REVIEW_RESULT,
    ),
    "seller_submission_failed": NoticeTemplate(
        _("%(kind)s: check failed"),
        _(
            "It was not sent to the operator. View the check results, correct the problems and submit again; your "
            "entries are saved."),
        _("View the check results"), "warning", "alert-triangle", REVIEW_RESULT,
    ),
    "seller_admitted": NoticeTemplate(
        _("Welcome: your company may sell on this market"),
        _(
            "Next, complete the business certification and accept the product agreement. Then you can publish your "
            "first product."),
        _("Open the company's page"), "good", "building-store", SELLER_CONTRACT,
    ),
    "seller_suspended": NoticeTemplate(
        _("The operator suspended your company"),
        _("Your products are not sold for now. Services that buyers hold are not affected. Reason: %(reason)s"),
        _("Open the company's page"), "danger", "player-pause", SELLER_STATUS,
    ),
    "seller_resumed": NoticeTemplate(
        _("Your company may sell again"),
        _("The operator ended the suspension. Your products are on sale again."),
        _("Open the company's page"), "good", "circle-check", SELLER_STATUS,
    ),
    "seller_agreement": NoticeTemplate(
        _("New version of “%(agreement)s”"),
        _("Read and accept it before you submit anything again. Changes: %(change)s"),
        _("Read the agreement"), "info", "file-invoice", SELLER_CONTRACT,
    ),
    "operator_submission_sent": NoticeTemplate(
        _("%(kind)s of %(seller)s is waiting for review"),
        _("Decide it before %(until)s."),
        _("Open the submission"), "info", "list-details", FOR_OPERATORS,
    ),
    "operator_submission_overdue": NoticeTemplate(
        _("Overdue: %(kind)s of %(seller)s"),
        _("The review was due before %(until)s, and the seller is still waiting."),
        _("Decide it now"), "danger", "clock", FOR_OPERATORS,
    ),
    "operator_seller_exited": NoticeTemplate(
        _("%(seller)s left the market"),
        _(
            "Its products are no longer sold, its keys are invalid, and its registration number cannot be used to "
            "enter again."),
        _("Open the seller"), "info", "logout", ABOUT_SELLERS,
    ),
    "operator_certification_locked": NoticeTemplate(
        _("The certification of %(seller)s is locked"),
        _(
            "%(n)s applications in a row were refused, so no more are accepted. Unlock the certification after the "
            "company has explained."),
        _("Open the seller"), "warning", "lock", TO_UNLOCK,
    ),
}  # fmt: skip  # a table is read in rows


def _itself(seller: Seller) -> Seller:
    return seller


SELLER: Subject[Seller] = Subject(
    __name__,
    Seller.objects.all(),
    key="seller",
    facts=lambda _: {},
    seller=SellersPeople(page="seller_center:company", argument=None, seller=_itself),
    seller_in_site=SellersPeople(page="seller_center:company", argument=None, seller=_itself, mail=False),
    operators_in_site=Operators(
        page="console:seller", mail=False, facts=lambda seller: {"seller": f.seller_names(seller)}
    ),
)


def _last_move(seller: Seller, _: object) -> str:
    """Name the occasion by the seller's last change of status, so that a repeated event has the same."""
    last_move = Move.objects.filter(lifecycle=LIFECYCLE.name, subject=str(seller.pk)).order_by("-pk").first()
    return f"{seller.pk}/{last_move.pk if last_move else 0}"


ADMITTED = SELLER.notice(SellerAdmitted, seller_in_site="seller_admitted")  # the result of the submission is mailed
EXITED = SELLER.notice(SellerExited, operators_in_site="operator_seller_exited")
SUSPENDED = SELLER.notice(
    SellerSuspended,
    when=lambda seller, _: seller.status == Seller.Status.SUSPENDED,
    facts=lambda seller, _: {"reason": seller.status_reason},
    once=_last_move,
    seller="seller_suspended",
)
RESUMED = SELLER.notice(
    SellerResumed, when=lambda seller, _: seller.is_selling, once=_last_move, seller="seller_resumed"
)
