"""Notices about statements (business-rules §7.1, §8)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Facts, Operators, SellersPeople, Subject
from tradepost.market.settlement.events import (
    StatementAnswered,
    StatementIssued,
    StatementPaid,
    StatementPaymentFailed,
    StatementRejected,
)
from tradepost.market.settlement.models import Statement

SELLER_STATEMENT = NoticePolicy(category=Category.FINANCE, to=Audience.SELLER, mandatory=True, sms=True)
"""§7.1, §8.1: a statement is sent to its seller by telephone and email."""
FOR_OPERATORS = NoticePolicy(category=Category.FINANCE, to=Audience.OPERATOR, act="settlement_reissue")

STATEMENT_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "statement_issued": NoticeTemplate(
        _("Your statement for %(month)s is ready: %(amount)s to be paid out"),
        _(
            "Agree to the statement or reject it before %(until)s. If you do not answer, it is considered agreed. "
            "Statement %(number)s."),
        _("Open the statement"), "warning", "receipt", SELLER_STATEMENT,
    ),
    "statement_answered": NoticeTemplate(
        _("The market answered your objection to the statement for %(month)s"),
        _(
            "%(answer)s The statement was issued again. Agree to it or reject it before %(until)s. Statement "
            "%(number)s."),
        _("Open the statement"), "warning", "receipt", SELLER_STATEMENT,
    ),
    "statement_paid": NoticeTemplate(
        _("%(amount)s was paid to you"),
        _(
            "For the statement of %(month)s, to %(account)s. Bank reference: %(transfer)s. You can now apply for an "
            "invoice for the market's fee. Statement %(number)s."),
        _("Open the statement"), "good", "wallet", SELLER_STATEMENT,
    ),
    "statement_not_certified": NoticeTemplate(
        _("Your statement of %(month)s cannot be paid: no account is certified"),
        _("Complete the business certification first. The market then pays %(amount)s. Statement %(number)s."),
        _("See what to do"), "danger", "alert-triangle", SELLER_STATEMENT,
    ),
    "statement_account_wrong": NoticeTemplate(
        _("Your statement of %(month)s could not be paid: the bank cannot find the account"),
        _(
            "%(reason)s Change the account in the business certification. The market then pays %(amount)s. Statement "
            "%(number)s."),
        _("See what to do"), "danger", "alert-triangle", SELLER_STATEMENT,
    ),
    "statement_refused": NoticeTemplate(
        _("Your statement of %(month)s is not paid for now"),
        _("%(reason)s Amount: %(amount)s. Statement %(number)s."),
        _("Open the statement"), "warning", "ban", SELLER_STATEMENT,
    ),
    "operator_statement_rejected": NoticeTemplate(
        _("%(seller)s rejected its statement for %(month)s"),
        _("%(reason)s Answer the seller. Statement %(number)s, %(amount)s."),
        _("Open the statement"), "warning", "ban", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows


def _facts(statement: Statement) -> Facts:
    return {"month": f"{statement.month:%Y-%m}", "amount": f.money(statement.net), "number": statement.number}


STATEMENT: Subject[Statement] = Subject(
    __name__,
    Statement.objects.select_related("seller", "paid"),
    key="statement",
    facts=_facts,
    seller=SellersPeople(page="seller_center:settlement"),
    operators=Operators(page="console:settlement"),
)
PAYMENT_FAILED_KINDS = {
    Statement.Status.APPLICATION_FAILED: "statement_not_certified",
    Statement.Status.PAYMENT_WRONG: "statement_account_wrong",
    Statement.Status.REFUSED: "statement_refused",
}


def _occasion(statement: Statement, event: StatementAnswered | StatementPaymentFailed) -> str:
    return f"{statement.pk}/{event.occasion}" if event.occasion else f"{statement.pk}"


ISSUED = STATEMENT.notice(
    StatementIssued,
    facts=lambda statement, _: {"until": f.moment(statement.sign_by)},
    seller="statement_issued",
)
ANSWERED = STATEMENT.notice(
    StatementAnswered,
    facts=lambda statement, _: {"answer": statement.answer, "until": f.moment(statement.sign_by)},
    once=_occasion,
    seller="statement_answered",
)
REJECTED = STATEMENT.notice(
    StatementRejected,
    facts=lambda statement, _: {"reason": statement.reason, "seller": f.seller_names(statement.seller)},
    once=lambda statement, event: f"{statement.pk}/{event.occasion}",
    operators="operator_statement_rejected",
)
PAYMENT_FAILED = STATEMENT.notice(
    StatementPaymentFailed,
    facts=lambda statement, _: {"reason": statement.reason},
    once=_occasion,
    seller=lambda statement, _: PAYMENT_FAILED_KINDS.get(Statement.Status(statement.status), ""),  # or corrected since
)
PAID = STATEMENT.notice(
    StatementPaid,
    facts=lambda statement, _: {
        "account": f"{statement.bank} {statement.account_hint}",
        "transfer": statement.paid.reference if statement.paid else "–",
    },
    seller="statement_paid",
)
