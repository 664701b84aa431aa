"""What notices about complaints say (business-rules §9, §1.6, §17.6)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_BUYERS_COMPLAINT = About(category=Category.PRODUCT, to=Audience.BUYER)
A_COMPLAINT = About(category=Category.OPERATIONS, to=Audience.SELLER, mandatory=True, sms=True)
"""§17.6: a seller counts as unreachable after phone, SMS, mail and in-site message of the platform."""
OF_A_COMPLAINT = About(category=Category.OPERATIONS, to=Audience.SELLER)
FOR_OPERATORS = About(category=Category.OPERATIONS, to=Audience.OPERATOR)

OF_COMPLAINTS: Mapping[str, Words] = {
    "seller_complaint": Words(
        _("A buyer complains about you: %(reason)s"),
        _("It is about %(product)s. Reply until %(until)s: then an operator decides without your side."),
        _("Reply to the complaint"), "danger", "alert-circle", A_COMPLAINT,
    ),
    "seller_complaint_late": Words(
        _("You did not reply to a complaint in time"),
        _("It is about %(product)s: %(reason)s. Until an operator decides you still can."),
        _("Reply to the complaint"), "danger", "clock", A_COMPLAINT,
    ),
    "seller_complaint_withdrawn": Words(
        _("A buyer withdrew a complaint about you"),
        _("It was about %(product)s. No action is needed."),
        _("See the complaint"), "info", "circle-check", OF_A_COMPLAINT,
    ),
    "seller_complaint_upheld": Words(
        _("A complaint about you was upheld"),
        _("It was about %(product)s: %(reason)s. Penalty points: %(points)s. Why: %(decision)s"),
        _("See the complaint"), "danger", "alert-circle", A_COMPLAINT,
    ),
    "seller_complaint_turned_down": Words(
        _("A complaint about you was not upheld"),
        _("It was about %(product)s: %(reason)s. Why: %(decision)s"),
        _("See the complaint"), "good", "circle-check", OF_A_COMPLAINT,
    ),
    "complaint_replied": Words(
        _("%(seller)s replied to your complaint"),
        _("An operator decides until %(due)s. If the matter is settled, you can withdraw the complaint."),
        _("Read the reply"), "info", "message", A_BUYERS_COMPLAINT,
    ),
    "complaint_unanswered": Words(
        _("%(seller)s has not replied to your complaint"),
        _("An operator decides until %(due)s."),
        _("See the complaint"), "info", "clock", A_BUYERS_COMPLAINT,
    ),
    "complaint_upheld": Words(
        _("Your complaint about %(seller)s was upheld"),
        _("Why: %(decision)s"),
        _("See the complaint"), "good", "circle-check", A_BUYERS_COMPLAINT,
    ),
    "complaint_turned_down": Words(
        _("Your complaint about %(seller)s was not upheld"),
        _("Why: %(decision)s"),
        _("See the complaint"), "warning", "ban", A_BUYERS_COMPLAINT,
    ),
    "operator_complaint": Words(
        _("A buyer complains about %(seller)s: %(reason)s"),
        _("It is about %(product)s. The seller may reply until %(until)s; decide until %(due)s."),
        _("See the complaint"), "warning", "alert-circle", FOR_OPERATORS,
    ),
    "operator_complaint_replied": Words(
        _("%(seller)s replied to a complaint"),
        _("It is about %(product)s: %(reason)s. Decide until %(due)s."),
        _("Decide it"), "warning", "message", FOR_OPERATORS,
    ),
    "operator_complaint_unanswered": Words(
        _("%(seller)s said nothing to a complaint"),
        _("It is about %(product)s: %(reason)s. Decide until %(due)s."),
        _("Decide it"), "danger", "clock", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
