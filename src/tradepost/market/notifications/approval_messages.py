"""What notices about requests for approval say (decision 0107)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

FOR_OPERATORS = NoticePolicy(category=Category.FINANCE, to=Audience.OPERATOR, act="approval_withdraw")
TO_APPROVE = NoticePolicy(category=Category.FINANCE, to=Audience.OPERATOR, act="approval_approve")

APPROVAL_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "operator_approval_requested": NoticeTemplate(
        _("Approval requested: %(act)s"),
        _("%(asker)s requested your approval. About: %(about)s. The request expires at %(until)s."),
        _("See the request"), "warning", "shield-check", TO_APPROVE,
    ),
    "operator_approval_approved": NoticeTemplate(
        _("Your request was approved: %(act)s"),
        _("%(decider)s approved the request, and the action was completed. About: %(about)s."),
        _("See the request"), "good", "check", FOR_OPERATORS,
    ),
    "operator_approval_rejected": NoticeTemplate(
        _("Your request was rejected: %(act)s"),
        _("%(decider)s rejected it. About: %(about)s. Reason: %(opinion)s"),
        _("See the request"), "warning", "ban", FOR_OPERATORS,
    ),
    "operator_approval_expired": NoticeTemplate(
        _("Your request expired: %(act)s"),
        _("The request was not decided in time, and nothing was changed. About: %(about)s. Submit it again if it is still needed."),
        _("See the request"), "warning", "clock", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
