"""What notices about statements say (business-rules §8.1, §8.4)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_STATEMENT = About(category=Category.FINANCE, to=Audience.SELLER, mandatory=True, sms=True)
"""§7.1, §8.1: a statement is sent to its seller by telephone and email."""
FOR_OPERATORS = About(category=Category.FINANCE, to=Audience.OPERATOR)

OF_STATEMENTS: Mapping[str, Words] = {
    "statement_issued": Words(
        _("Your statement of %(month)s is here: %(amount)s are to be paid out"),
        _("Look at it, then agree or reject it before %(until)s. If you say nothing it stands as agreed to. Statement %(number)s."),
        _("Open the statement"), "warning", "receipt", A_STATEMENT,
    ),
    "statement_answered": Words(
        _("The market answers about your statement of %(month)s"),
        _("%(answer)s It is issued again: agree or reject it before %(until)s. Statement %(number)s."),
        _("Open the statement"), "warning", "receipt", A_STATEMENT,
    ),
    "statement_paid": Words(
        _("%(amount)s were paid to you"),
        _("For the statement of %(month)s, to %(account)s; the bank's number of the transfer is %(transfer)s. You can apply for an "
          "invoice over the market's fee now. Statement %(number)s."),
        _("Open the statement"), "good", "wallet", A_STATEMENT,
    ),
    "statement_not_certified": Words(
        _("Your statement of %(month)s cannot be paid: no account is certified"),
        _("Apply for the certification, then the market begins the payment of %(amount)s. Statement %(number)s."),
        _("See what to do"), "danger", "alert-triangle", A_STATEMENT,
    ),
    "statement_account_wrong": Words(
        _("Your statement of %(month)s could not be paid: the bank does not know the account"),
        _("%(reason)s Have the certification changed, then the market pays %(amount)s. Statement %(number)s."),
        _("See what to do"), "danger", "alert-triangle", A_STATEMENT,
    ),
    "statement_refused": Words(
        _("Your statement of %(month)s is not paid for now"),
        _("%(reason)s It is about %(amount)s. Statement %(number)s."),
        _("Open the statement"), "warning", "ban", A_STATEMENT,
    ),
    "operator_statement_rejected": Words(
        _("%(seller)s rejects its statement of %(month)s"),
        _("%(reason)s Answer it. Statement %(number)s, %(amount)s."),
        _("Open the statement"), "warning", "ban", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
