"""A chapter of history.py: what operators decide apart from orders: withdrawals in each state, a debt, large bookings,
invitations, a provider, a fee, drafts, files, accounts to erase, and requests for approval, which the operator decides
with two-step sign-in.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

if TYPE_CHECKING:
    from tradepost.market.identity.models import Seller, User


def oversee(_seller_url: str) -> dict[str, str]:
    from tests.factories.exports import make_export
    from tradepost.market.audit.models import Outcome
    from tradepost.market.audit.record import Act, record
    from tradepost.market.base import clock
    from tradepost.market.base.secrets import seal
    from tradepost.market.identity import agreement_drafts, market_invitations, operator_invitations
    from tradepost.market.identity.models import Member, SignInProvider
    from tradepost.market.settlement.models import FeeRule

    now, week = clock.now(), timedelta(days=7)
    operator, buyer = _known("operator@market.example"), _known("buyer@lantian.example")
    operator_invitations.invite("auditor@market.example", "auditor", by=operator, valid=week, now=now)
    for side in ("buyer", "seller"):
        market_invitations.invite(side, f"{side}@later.example", language="en", by=operator, valid=week, now=now)
    for kind in ("publish", "buyer"):  # one to publish, one to discard
        agreement_drafts.save(
            kind, text="草" * 200, text_en="draft " * 40, change="x", revision=0, by=operator, now=now
        )
    acted = Act(name="product_freeze", actor=None, actor_text="ops@host", details={"reason": "演练"})
    record(acted, Outcome.DONE, now=now)
    SignInProvider.objects.create(
        slug="corp", name="Corp", issuer="https://id.corp.example", client_id="market", sealed_secret=seal("of Corp"),
        for_buyers=True, created_at=now,
    )  # fmt: skip
    for name, starts in (("In force", date(2026, 1, 1)), ("Planned", date(2099, 1, 1))):
        FeeRule.objects.create(
            name=name, share=Decimal("0.9"), starts=starts, created_by=operator.email, created_at=now
        )
    member = Member.objects.filter(seller__slug="qingxie").order_by("pk")[0]
    make_export(operator, "console:refunds", "/console/refunds/", now=now)
    make_export(buyer, "storefront:orders", "/orders/", now=now)
    make_export(member.user, "seller_center:orders", "/seller/orders/", seller=member.seller, now=now)
    for owner in (buyer, member.seller):
        _reached(owner)
    _withdrawals(buyer, operator)
    _accounts(operator)
    return {"operator secret": _approvals(buyer, operator)}


def _known(email: str) -> User:
    from tradepost.market.identity.models import User

    return User.objects.get(email=email)


def _reached(owner: User | Seller) -> None:
    """Create a receiver and a webhook for the notices of a buyer or a seller."""
    from tradepost.market.base import clock
    from tradepost.market.base.outbound_policy import SANDBOX
    from tradepost.market.notifications import endpoints, receivers

    rules = receivers.Rules(sms=True, most=20, valid=timedelta(days=7), a_day=20)
    receivers.add_receiver(
        owner, name="值班", email=f"duty-{owner.pk}@late.example", phone=f"138{owner.pk:08}", language="en", rules=rules,
        wall=clock.wall(), now=clock.now(),
    )  # fmt: skip
    endpoints.add_webhook(
        owner, name="Hook", url="http://127.0.0.1:9/hook", language="en", outbound=SANDBOX, most=20, now=clock.now()
    )


def _withdrawals(buyer: User, operator: User) -> None:
    """Create two withdrawals that wait, and one approved, paid, returned, rejected and withdrawn; and a buyer with a
    debt after a correction."""
    from tests.factories.approvals import make_top_up, make_withdrawal
    from tests.factories.people import make_buyer
    from tradepost.market.base import clock
    from tradepost.market.base.money import Money
    from tradepost.market.payments import withdrawals
    from tradepost.market.payments.corrections import Change, correct

    now = clock.now()
    rejected, gone, paid, returned = (make_withdrawal(buyer, now=now) for _ in range(4))
    withdrawals.reject(rejected, "账户名与实名不一致。", by=operator, now=now)
    withdrawals.withdraw(gone, now=now)
    for one in (paid, returned):
        withdrawals.approve(one, by=operator, now=now)
        withdrawals.pay(one, f"ICBC-OUT-{one.pk}", by=operator, now=now)
    withdrawals.bounce(returned, "收款账户已销户。", by=operator, now=now)
    waiting = [make_withdrawal(buyer, now=now) for _ in range(3)]
    withdrawals.approve(waiting[0], by=operator, now=now)
    debtor = make_buyer(email="debtor@late.example", balance="0", now=now)
    spent = make_top_up(debtor, "ICBC-SPENT", now=now)
    make_withdrawal(debtor, now=now)
    correct(spent, Change(amount=Money(0, "CNY"), reason="未到账", seen=0), by=operator, now=now)


def _approvals(buyer: User, operator: User) -> str:
    """Create two waiting requests of another operator, one of this operator, and one with each outcome. Return the
    secret of this operator's codes."""
    from tests.factories.approvals import make_approval
    from tests.factories.people import make_operator
    from tests.factories.second_step import turn_on
    from tradepost.market.approvals import requests
    from tradepost.market.base import clock
    from tradepost.market.web.approved_acts import APPROVED_ACTS

    now, finance = clock.now(), make_operator("finance", email="finance@market.example", now=clock.now())
    app = turn_on(operator)
    make_approval(buyer, operator, now=now)
    _approve, _reject, approved, rejected, withdrawn, expired = (
        make_approval(buyer, finance, reference=f"ICBC-LARGE-{number}", now=now) for number in range(6)
    )
    assert requests.approve(approved, APPROVED_ACTS["top_up"], by=operator, now=now) is None
    requests.reject(rejected, "没有银行回单。", by=operator, now=now)
    requests.withdraw(withdrawn, by=finance, now=now)
    with transaction.atomic():
        requests.expire({"request": expired.pk}, now)
    return app.secret


def _accounts(operator: User) -> None:
    """Create an account that can be erased, one that will be, and one that is locked."""
    from tests.factories.people import make_buyer
    from tradepost.market.base import clock
    from tradepost.market.identity import account_locks
    from tradepost.market.personal_data import erasure

    now, wall = clock.now(), clock.wall()
    make_buyer(email="free@late.example", balance="0", now=now)
    going, locked = (make_buyer(email=f"{name}@late.example", balance="0", now=now) for name in ("going", "locked"))
    erasure.order_erasure(going, by=operator.email, reason="letter of 3 May", now=now, wall=wall)
    account_locks.lock(locked, reason="stolen", by=operator.email, now=now, wall=wall)
