"""What notices about withdrawals say (decision 0107)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

BUYER_MONEY = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
FOR_OPERATORS = NoticePolicy(category=Category.FINANCE, to=Audience.OPERATOR, act="withdrawal_approve")

WITHDRAWAL_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "operator_withdrawal": NoticeTemplate(
        _("%(buyer)s requested a withdrawal of %(amount)s"),
        _("Withdrawal %(number)s. The money is held. Approve or reject it."),
        _("See the withdrawal"), "warning", "wallet", FOR_OPERATORS,
    ),
    "withdrawal_approved": NoticeTemplate(
        _("Your withdrawal of %(amount)s was approved"),
        _("Withdrawal %(number)s will be paid to the account %(account)s. It can no longer be withdrawn."),
        _("See the withdrawal"), "info", "check", BUYER_MONEY,
    ),
    "withdrawal_paid": NoticeTemplate(
        _("Your withdrawal of %(amount)s was paid"),
        _("Withdrawal %(number)s was paid to the account %(account)s. Bank reference: %(reference)s."),
        _("See the withdrawal"), "good", "wallet", BUYER_MONEY,
    ),
    "withdrawal_rejected": NoticeTemplate(
        _("Your withdrawal of %(amount)s was rejected"),
        _("Withdrawal %(number)s: the money was returned to your balance. Reason: %(reason)s"),
        _("See the withdrawal"), "warning", "ban", BUYER_MONEY,
    ),
    "withdrawal_returned": NoticeTemplate(
        _("The bank returned your withdrawal of %(amount)s"),
        _(
            "Withdrawal %(number)s: the money was returned to your balance. Check the account and request it again. "
            "Reason: %(reason)s"),
        _("See the withdrawal"), "warning", "arrow-back-up", BUYER_MONEY,
    ),
}  # fmt: skip  # a table is read in rows
