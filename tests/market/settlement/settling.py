"""Statements as the market makes them, over services sold by the real verbs, and snapshots for comparison."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tests.factories import NOW, make_buyer, make_order
from tests.market.engine import react
from tests.market.fulfilment.services import bought, service
from tradepost.market.base.config import Config
from tradepost.market.base.values import replace
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.certify import CertificationDocument, certify, sealed_account
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.invoices import invoice_check
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.payments.totals import books
from tradepost.market.settlement import settlement_check
from tradepost.market.settlement.agree import sign
from tradepost.market.settlement.collect import collect_items
from tradepost.market.settlement.models import SettlementItem, Statement, StatementLine
from tradepost.market.settlement.payout import pay
from tradepost.market.settlement.rules import rules_of
from tradepost.market.settlement.run import create_statement
from tradepost.market.subscriptions.models import Subscription

ZONE = ZoneInfo("Asia/Shanghai")
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
RUN = datetime(2026, 4, 2, 18, 0, tzinfo=UTC)
"""3 April, 2:00 in the market's time zone."""
FAR = datetime(9999, 12, 31, tzinfo=UTC)
RULES = replace(rules_of(Config().settlement, zone=ZONE, closes=time(18)), minimum_minor=1000)
PRICE = 10_000
ACCOUNT = "6222020200112230055"


def sum_up() -> None:
    """Add all bookings to the stored sums."""
    while collect_items(ZONE, before=FAR):
        pass


def has_account(seller: Seller, number: str = ACCOUNT) -> None:
    """Give the seller a certified bank account (business-rules §1.4)."""
    sealed, hint = sealed_account(number)
    document = CertificationDocument(
        account_holder=seller.name, bank="中国工商银行", branch="深圳科技园支行", sealed_account=sealed, account_hint=hint,
        taxpayer="general", tax_rate="6", finance_name="王会计", finance_phone="13800138000",
        finance_email="finance@a.example",
    )  # fmt: skip
    certify(seller, document, now=NOW)


def make_statement(seller: Seller, month: date = MARCH, *, now: datetime = RUN, **rules: Any) -> Statement | None:
    """Make the statement of a month as its timer does, and run the reactions."""
    sum_up()
    statement = create_statement(seller, "CNY", month, rules=replace(RULES, **rules), now=now)
    react(now=now)
    return statement


def statement_for(subscription: Subscription) -> Statement:
    """Make the statement of the month in which the service was sold, of a seller that can be paid."""
    has_account(subscription.seller)
    statement = make_statement(subscription.seller)
    assert statement is not None
    return statement


def earned_statement(members: int = 1) -> Statement:
    return statement_for(service(members=members))


def owner_of(seller: Seller) -> User:
    return Member.objects.filter(seller=seller).order_by("pk")[0].user


def sign_statement(statement: Statement, *, now: datetime = RUN) -> Statement:
    sign(statement, actor="owner@a.example", now=now)
    react(now=now)
    return reload(statement)


def pay_statement(statement: Statement, number: str = "ICBC-0001", *, now: datetime = RUN) -> Statement:
    pay(sign_statement(statement), number, by=make_buyer(balance="0"), now=now)
    react(now=now)
    return reload(statement)


def reload(statement: Statement) -> Statement:
    return Statement.objects.select_related("seller").get(pk=statement.pk)


def market_balance(kind: Account.Kind) -> int:
    return next((total.amount.minor for book in books() for total in book.owed if total.kind == kind), 0)


def assert_sound() -> list[str]:
    """Check the books, statements and invoices; each sum is shown on the page of the books."""
    differences = [f"{book.currency} differ by {book.difference.minor}" for book in books() if book.difference.minor]
    return [*ledger.verify().problems, *settlement_check.problems(), *invoice_check.problems(), *differences]


def snapshot() -> tuple[object, ...]:
    """Return everything that a refusal must leave unchanged."""
    return (
        list(Statement.objects.order_by("pk").values_list("status", "reason", "answer", "sign_by", "holder", "paid")),
        StatementLine.objects.count(), SettlementItem.objects.filter(statement=None).count(), Transfer.objects.count(),
    )  # fmt: skip


def buy_another(subscription: Subscription) -> Subscription:
    """Buy another service of the same offer."""
    offer = Offer.objects.get(pk=subscription.offer_id)
    return bought(make_order(make_buyer(), offer=offer, paid=True))
