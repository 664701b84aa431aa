"""What notices about companies say: their submissions, their standing, and what they agree to."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_RESULT = About(category=Category.PRODUCT, to=Audience.SELLER, sms=True)
"""§7.1: entry, review and certification results → in the site, e-mail, SMS; §17.8: publish result 101."""
A_CONTRACT = About(category=Category.CONTRACT, to=Audience.SELLER)
THE_STANDING = About(category=Category.CONTRACT, to=Audience.SELLER, mandatory=True)
FOR_OPERATORS = About(category=Category.CONTRACT, to=Audience.OPERATOR)

OF_COMPANIES: Mapping[str, Words] = {
    "seller_submission_approved": Words(
        _("%(kind)s: approved"),
        _("The operator approved it. It is in force from now on."),
        _("Open the submission"), "good", "circle-check", A_RESULT,
    ),
    "seller_submission_rejected": Words(
        _("%(kind)s: not approved"),
        _("The operator says what is wrong, section by section. Correct it and send it again; nothing that you wrote is lost."),
        _("See the reasons"), "warning", "alert-triangle", A_RESULT,
    ),
    "seller_submission_failed": Words(
        _("%(kind)s: a check found something wrong"),
        _("It did not reach the operator. See what was found, correct it and send it again; nothing that you wrote is lost."),
        _("See what was found"), "warning", "alert-triangle", A_RESULT,
    ),
    "seller_admitted": Words(
        _("Welcome: your company may sell on this market"),
        _("Next, certify where you are paid and accept the product agreement; then you publish your first product."),
        _("Open the company's page"), "good", "building-store", A_CONTRACT,
    ),
    "seller_suspended": Words(
        _("The operator suspended your company"),
        _("Your products are not sold for now; services that buyers hold go on. Reason: %(reason)s"),
        _("Open the company's page"), "danger", "player-pause", THE_STANDING,
    ),
    "seller_resumed": Words(
        _("Your company may sell again"),
        _("The operator ended the suspension. Your products are in the store as before."),
        _("Open the company's page"), "good", "circle-check", THE_STANDING,
    ),
    "seller_agreement": Words(
        _("New version of “%(agreement)s”"),
        _("Read and accept it before you hand in anything again. What is new: %(change)s"),
        _("Read the agreement"), "info", "file-invoice", A_CONTRACT,
    ),
    "operator_submission_sent": Words(
        _("%(kind)s of %(seller)s waits for you"),
        _("Decide it before %(until)s."),
        _("Open the submission"), "info", "list-details", FOR_OPERATORS,
    ),
    "operator_submission_overdue": Words(
        _("Overdue: %(kind)s of %(seller)s"),
        _("It was to be decided before %(until)s, and the seller still waits."),
        _("Decide it now"), "danger", "clock", FOR_OPERATORS,
    ),
    "operator_seller_exited": Words(
        _("%(seller)s left the market"),
        _("Its products are not sold, its keys are not valid, and its registration number cannot enter again."),
        _("Open the seller"), "info", "logout", FOR_OPERATORS,
    ),
    "operator_certification_locked": Words(
        _("The certification of %(seller)s is locked"),
        _("%(n)s applications in a row were refused, so no further one is taken. Unlock it when the company has explained."),
        _("Open the seller"), "warning", "lock", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
