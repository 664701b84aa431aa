"""Bookings of operators and requests for approval."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.factories import NOW, make_operator
from tradepost.market.approvals.models import Request
from tradepost.market.base import stored
from tradepost.market.base.money import Money
from tradepost.market.identity.models import SecondFactor, User
from tradepost.market.payments import ledger, withdrawals
from tradepost.market.payments.models import Transfer
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.web.approved_commands import BookTopUp


def make_top_up(buyer: User, reference: str = "B-BOOKED", *, now: datetime = NOW) -> Transfer:
    """Return a top-up that an operator entered."""
    return ledger.top_up(buyer, Money.of(5, "CNY"), reference=reference, actor="operator", now=now)


def make_approval(buyer: User, asker: User, *, reference: str = "B-LARGE", now: datetime = NOW) -> Request:
    """Return a top-up above the limit that waits for a second operator."""
    command = BookTopUp(user=buyer.pk, minor=6_000_000, currency="CNY", reference=reference)
    return Request.objects.create(
        act="top_up", title="Top-up", command=stored.dump(command), key=f"top_up:{reference}", about=f"{buyer.email} · {reference}",
        amount_minor=6_000_000, currency="CNY", user=buyer, asked_by=asker, asked_at=now, expires_at=now + timedelta(days=7),
    )  # fmt: skip


def make_withdrawal(buyer: User, *, now: datetime = NOW) -> Withdrawal:
    """Return a withdrawal of a part of the balance that waits for an operator."""
    payee = withdrawals.Payee(holder="蓝天科技有限公司", bank="招商银行", account="6225880123456789")
    return withdrawals.request(buyer, Money.of(1, "CNY"), payee, now=now)


def make_approver(role: str = "owner", *, email: str = "") -> User:
    """Return an operator with two-step sign-in, who can approve requests."""
    operator = make_operator(role, email=email)
    SecondFactor.objects.create(user=operator, sealed="", last_step=0, created_at=NOW)
    return operator
