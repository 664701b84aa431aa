"""Table of the operators' acts that move money or otherwise need a second operator (decisions 0104, 0107).

Each console act that moves money has a row here, and its view calls ``approving.run``. A test compares the rows with
the verbs of the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_noop

from tradepost.market.approvals import limits
from tradepost.market.approvals.contract import Act, Concern
from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.fulfilment import by_operator, pay_back, unsubscribe
from tradepost.market.identity import operators
from tradepost.market.identity.models import User
from tradepost.market.notifications import operator_mails
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import Decision
from tradepost.market.payments import confirm, corrections, ledger, unmatched, withdrawals
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Transfer
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.settlement import payout
from tradepost.market.settlement.models import Statement
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.supervision import appeal
from tradepost.market.supervision.models import Appeal, Supervision

from . import approved_commands as c
from .refund_rules import rules_now
from .supervision_view import clocks_now

# --- incoming money ---------------------------------------------------------------------------------------------------


def _top_up(command: c.BookTopUp) -> Concern:
    user = User.objects.get(pk=command.user)
    return Concern(
        about=f"{user.email} · {command.reference}", key=command.reference, amount=command.amount, users=[user.pk]
    )


def _book_top_up(command: c.BookTopUp, by: User, now: datetime) -> object:
    user, reference = User.objects.get(pk=command.user), command.reference
    if command.intent is None:
        booked = {"reference": reference, "note": command.note, "actor": by.email}
        return ledger.top_up(user, command.amount, now=now, **booked)
    arrival = confirm.Arrival(bank_number=reference, amount=command.amount, note=command.note)
    return confirm.confirm(Intent.objects.get(pk=command.intent), arrival, by=by, now=now)


def _transfer(command: c.BookTransfer) -> Concern:
    intent = Intent.objects.get(pk=command.intent)
    return Concern(
        about=f"{intent.number} · {command.bank_number}", key=str(intent.pk), amount=command.amount,
        users=[intent.user_id], seller=intent.seller_id,
    )  # fmt: skip


def _book_transfer(command: c.BookTransfer, by: User, now: datetime) -> object:
    arrival = confirm.Arrival(
        bank_number=command.bank_number, amount=command.amount, payer=command.payer, words=command.words,
        note=command.note,
    )  # fmt: skip
    return confirm.confirm(Intent.objects.get(pk=command.intent), arrival, by=by, now=now)


def _assignment(command: c.AssignMoney) -> Concern:
    fact = ProviderFact.objects.get(pk=command.fact)
    intent = Intent.objects.get(pk=command.intent) if command.intent is not None else None
    return Concern(
        about=f"{fact.provider_no} · {User.objects.get(pk=command.buyer).email}", key=str(fact.pk), amount=fact.amount,
        users=[command.buyer], seller=intent.seller_id if intent else None,
    )  # fmt: skip


def _assign(command: c.AssignMoney, by: User, now: datetime) -> None:
    intent = Intent.objects.get(pk=command.intent) if command.intent is not None else None
    fact, buyer = ProviderFact.objects.get(pk=command.fact), User.objects.get(pk=command.buyer)
    unmatched.assign(fact, buyer, intent=intent, note=command.note, by=by, now=now)


def _money_return(command: c.SendBackMoney) -> Concern:
    fact = ProviderFact.objects.get(pk=command.fact)
    return Concern(about=f"{fact.provider_no} · {fact.payer}", key=str(fact.pk), amount=fact.amount)


def _return_money(command: c.SendBackMoney, by: User, now: datetime) -> None:
    unmatched.return_to_sender(ProviderFact.objects.get(pk=command.fact), note=command.note, by=by, now=now)


# --- corrections ------------------------------------------------------------------------------------------------------


def change_of(command: c.CorrectBooking) -> corrections.Change:
    to = User.objects.get(pk=command.to) if command.to is not None else None
    return corrections.Change(amount=command.amount, to=to, reason=command.reason, seen=command.seen)


def _correction(command: c.CorrectBooking) -> Concern:
    """Describe a correction; both buyers are concerned. A correction that creates a debt always needs approval."""
    booking = Transfer.objects.get(pk=command.booking)
    outlook = corrections.preview(booking, change_of(command))
    accounts = (outlook.standing.account, outlook.account)
    return Concern(
        about=booking.reference, key=str(booking.pk), amount=outlook.moves, always=bool(outlook.owed.minor),
        users=[account.user_id for account in accounts if account.user_id is not None],
        seller=accounts[0].seller_id,
    )  # fmt: skip


def _correct(command: c.CorrectBooking, by: User, now: datetime) -> object:
    return corrections.correct(Transfer.objects.get(pk=command.booking), change_of(command), by=by, now=now)


# --- outgoing money and refunds
# -----------------------------------------------------------------------------------------


def _statement(command: c.PayStatement) -> Concern:
    statement = Statement.objects.get(pk=command.statement)
    return Concern(about=statement.number, key=str(statement.pk), amount=statement.net, seller=statement.seller_id)


def _pay_statement(command: c.PayStatement, by: User, now: datetime) -> None:
    payout.pay(Statement.objects.get(pk=command.statement), command.bank_number, by=by, now=now)


def _refund(command: c.AgreeToRefund) -> Concern:
    refund = Refund.objects.select_related("subscription__product", "buyer").get(pk=command.refund)
    about = f"{refund.subscription.product.name} · {refund.buyer.email}"
    return Concern(
        about=about, key=str(refund.pk), amount=refund.total, users=[refund.buyer_id], seller=refund.seller_id
    )


def _agree(command: c.AgreeToRefund, by: User, now: datetime) -> object:
    decision = Decision(by=by, by_operator=True, opinion=command.opinion)
    return unsubscribe.approve_refund(Refund.objects.get(pk=command.refund), decision, rules=rules_now(), now=now)


def _order(command: c.PayBackOrder) -> Concern:
    order = Order.objects.get(number=command.order)
    seller = order.lines.values_list("seller_id", flat=True).first()
    return Concern(about=order.number, key=order.number, amount=order.total, users=[order.buyer_id], seller=seller)


def _refund_order(command: c.PayBackOrder, by: User, now: datetime) -> None:
    pay_back.refund_order(Order.objects.get(number=command.order), reason=command.reason, actor=by.email, now=now)


def _dispute(command: c.DecideDispute) -> Concern:
    supervision = Supervision.objects.select_related("line__order").get(pk=command.supervision)
    order, moves = supervision.line.order, command.decision in {Appeal.Decision.REFUND, Appeal.Decision.ACCEPT}
    return Concern(
        about=order.number, key=str(supervision.pk), amount=order.total if moves else None, users=[supervision.buyer_id],
        seller=supervision.seller_id,
    )  # fmt: skip


def _decide(command: c.DecideDispute, by: User, now: datetime) -> object:
    decision = Appeal.Decision(command.decision)
    return appeal.decide(command.supervision, decision, command.opinion, by=by, clocks=clocks_now(), now=now)


def _service(command: c.EndService) -> Concern:
    service = Subscription.objects.select_related("product", "offer", "buyer").get(pk=command.service)
    amount = Money(sum(_unearned(service)), service.offer.currency)
    about = f"{service.product.name} · {service.buyer.email}"
    return Concern(about=about, key=str(service.pk), amount=amount, users=[service.buyer_id], seller=service.seller_id)


def _unearned(service: Subscription) -> list[int]:
    """Return all amounts paid for a service that the seller has not earned yet: an upper bound of the refund at its
    end."""
    periods = Period.objects.filter(subscription=service, cancelled_at=None, earned_at=None)
    changes = [order.total_minor for order in open_changes(service) if order.status == Order.Status.PROCESSING]
    return [*periods.values_list("paid_minor", flat=True), *changes]


def _end_service(command: c.EndService, by: User, now: datetime) -> None:
    service = Subscription.objects.get(pk=command.service)
    by_operator.release(service, reason=command.reason, actor=by.email, now=now)


def _withdrawal(command: c.ApproveWithdrawal) -> Concern:
    withdrawal = Withdrawal.objects.select_related("user").get(pk=command.withdrawal)
    return Concern(
        about=f"{withdrawal.user.email} · {withdrawal.number}",
        key=str(withdrawal.pk),
        amount=withdrawal.amount,
        users=[withdrawal.user_id],
    )


def _approve_withdrawal(command: c.ApproveWithdrawal, by: User, now: datetime) -> None:
    withdrawals.approve(Withdrawal.objects.get(pk=command.withdrawal), by=by, now=now)


# --- the approval limit
# -------------------------------------------------------------------------------------------------


def _limit(command: c.SetLimit) -> Concern:
    return Concern(about="", key=command.currency, amount=command.amount, always=True)


def _set_limit(command: c.SetLimit, by: User, now: datetime) -> object:
    return limits.set_limit(command.amount, reason=command.reason, by=by, now=now)


# --- roles of operators -----------------------------------------------------------------------------------------------


def _role(command: c.ChangeRole) -> Concern:
    user = User.objects.get(pk=command.user)
    about = f"{user.email} · {user.operator_role or NO_ROLE} → {command.role or NO_ROLE}"
    return Concern(about=about, key=str(user.pk), users=[user.pk], always=True)


def _change_role(command: c.ChangeRole, by: User, now: datetime) -> object:
    return operators.give_role(User.objects.get(pk=command.user), command.role, by=by.email, now=now)


def _invitation(command: c.InviteOperator) -> Concern:
    return Concern(about=f"{command.email} · {command.role}", key=command.email.lower()[:100], always=True)


def _invite(command: c.InviteOperator, by: User, now: datetime) -> object:
    valid = timedelta(days=config().identity.invitation_days)
    with translation.override(command.language):
        return operator_mails.send_invitation(command.email, command.role, by=by, valid=valid, now=now)


NO_ROLE = "–"


def _reason_of(command: Any) -> str:
    return str(getattr(command, "reason", "") or getattr(command, "note", "") or getattr(command, "opinion", ""))


def _act(name: str, title: str, command: type, concern: Any, run: Any) -> Act:
    return Act(name=name, title=title, command=command, concern=concern, run=run, reason=_reason_of)


TOP_UP = _act("top_up", gettext_noop("Top-up"), c.BookTopUp, _top_up, _book_top_up)
CONFIRM_TRANSFER = _act(
    "transfer_confirm", gettext_noop("Booking of a transfer"), c.BookTransfer, _transfer, _book_transfer
)
ASSIGN_MONEY = _act(
    "unmatched_assign", gettext_noop("Assignment of unmatched money"), c.AssignMoney, _assignment, _assign
)
RETURN_MONEY = _act(
    "unmatched_send_back", gettext_noop("Return of unmatched money"), c.SendBackMoney, _money_return, _return_money
)
CORRECT_BOOKING = _act(
    "booking_correct", gettext_noop("Correction of a booking"), c.CorrectBooking, _correction, _correct
)
PAY_STATEMENT = _act(
    "settlement_pay", gettext_noop("Payout of a statement"), c.PayStatement, _statement, _pay_statement
)
GRANT_REFUND = _act("refund_decide", gettext_noop("Refund"), c.AgreeToRefund, _refund, _agree)
REFUND_ORDER = _act("order_pay_back", gettext_noop("Refund of a stopped order"), c.PayBackOrder, _order, _refund_order)
DECIDE_DISPUTE = _act("supervision_decide", gettext_noop("Decision in a dispute"), c.DecideDispute, _dispute, _decide)
END_SERVICE = _act("service_release", gettext_noop("End of a service"), c.EndService, _service, _end_service)
APPROVE_WITHDRAWAL = _act(
    "withdrawal_approve", gettext_noop("Withdrawal"), c.ApproveWithdrawal, _withdrawal, _approve_withdrawal
)
CHANGE_ROLE = _act("account_role", gettext_noop("Change of a role"), c.ChangeRole, _role, _change_role)
INVITE_OPERATOR = _act(
    "operator_invite", gettext_noop("Invitation of an operator"), c.InviteOperator, _invitation, _invite
)
SET_LIMIT = _act("approval_limit", gettext_noop("Change of the approval limit"), c.SetLimit, _limit, _set_limit)

APPROVED_ACTS: Mapping[str, Act] = {
    act.name: act
    for act in (
        TOP_UP, CONFIRM_TRANSFER, ASSIGN_MONEY, RETURN_MONEY, CORRECT_BOOKING, PAY_STATEMENT, GRANT_REFUND, REFUND_ORDER, DECIDE_DISPUTE, END_SERVICE, APPROVE_WITHDRAWAL, SET_LIMIT, CHANGE_ROLE, INVITE_OPERATOR,
    )
}  # fmt: skip
"""Key: the URL name of the console page, as in ``audit_acts``."""
