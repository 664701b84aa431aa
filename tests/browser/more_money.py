"""A chapter of history.py: orders, invoices, statements, arrears and transfers in the states that no other chapter
leaves behind.

It runs after ``invoice``, ``settle`` and ``use``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from tests.waiting import until

if TYPE_CHECKING:
    from datetime import date

    from tradepost.market.billing.models import Arrears
    from tradepost.market.identity.models import Seller, User
    from tradepost.market.settlement.models import Statement

DOCS = "yunjian-docs"
"""A product of the demo's seller that its server delivers."""


def more_money(_seller_url: str) -> dict[str, str]:
    from tests.browser import history
    from tradepost.market.base import clock
    from tradepost.market.identity.models import User
    from tradepost.market.orders import cancel
    from tradepost.market.orders.models import Order

    buyer = User.objects.get(email="buyer@lantian.example")
    unpaid = Order.objects.get(number=history._buy(DOCS, pay=False))
    cancel.cancel_order(unpaid, actor=buyer.email, now=clock.now())
    _invoices()
    made = _statements()
    _arrears()
    _transfers(buyer)
    return made | {"cancelled order": unpaid.number}


# --- invoices -----------------------------------------------------------------------------------------------------------


def _invoices() -> None:
    """Create invoices of the demo's seller: one to issue, rejected, cancelled, returned, and two more to review."""
    from tests.browser import history
    from tests.browser.invoicing import applied, issue
    from tests.factories.invoices import INVOICE_PDF
    from tradepost.market.base import clock
    from tradepost.market.identity.models import Member
    from tradepost.market.invoices import apply as applications
    from tradepost.market.invoices import take_back
    from tradepost.market.invoices.invoice_files import InvoiceFile
    from tradepost.market.invoices.issue import approve

    for _ in range(6):
        history.opened(DOCS)
    now = clock.now()
    to_issue, rejected, cancelled, returned, *_to_review = (applied(DOCS, "general_digital") for _ in range(6))
    by = Member.objects.filter(seller=to_issue.seller_id).order_by("pk")[0].user
    approve(to_issue, by=by, now=now)
    take_back.reject(rejected, "发票抬头与订单不符。", by=by, now=now)
    applications.cancel(cancelled, now=now)
    issue(returned, number="26512000000012345700", file=InvoiceFile("pdf", "dzfp.pdf", INVOICE_PDF))
    take_back.return_invoice(returned, red_letter="HZ20261201", reason="用户要求退票。", by=by, now=now)


# --- statements ---------------------------------------------------------------------------------------------------------


def _statements() -> dict[str, str]:
    """Create statements of the demo's seller in each state, with more in those that two buttons end, and one that could
    not be paid because its seller has no certified account."""
    from tests.browser import history
    from tradepost.market.base import clock
    from tradepost.market.identity.models import Seller, User
    from tradepost.market.settlement import agree, payout
    from tradepost.market.settlement.calendar import month_after
    from tradepost.market.settlement.models import Statement

    now, operator = clock.now(), User.objects.get(email="operator@market.example")
    seller = Seller.objects.get(slug="qingxie")
    month = Statement.objects.filter(seller=seller).latest("month").month

    def following(*, signed: bool) -> Statement:
        nonlocal month
        month = month_after(month)
        history.opened(DOCS)
        statement = _make_statement(seller, month)
        if signed:
            agree.sign(statement, actor="owner@qingxie.example", now=now)
            statement.refresh_from_db()
        return statement

    _waiting, rejected = (following(signed=False) for _ in range(2))
    agree.reject(rejected, "有一笔订单的金额不对。", by=seller.members.order_by("pk")[0].user, now=now)
    wrong, refused, paid, *invoiced, _paying, _also_paying = (following(signed=True) for _ in range(8))
    payout.report_wrong_account(wrong, "收款账户不存在。", by=operator, now=now)
    payout.refuse_payment(refused, "等待税务确认。", by=operator, now=now)
    for number, statement in enumerate((paid, *invoiced), start=1):
        payout.pay(statement, f"ICBC-20261210-000{number}", by=operator, now=now)
    invoice, *_others = [_fee_invoice(seller, statement) for statement in invoiced]
    history.opened(DOCS)  # its entry is not on a statement yet
    _taken_up()
    return {"second fee invoice": invoice, "failed statement": _unpaid_without_account()}


def _taken_up() -> None:
    from django.utils import timezone

    from tradepost.market.base import clock
    from tradepost.market.settlement.collect import collect_items

    while collect_items(timezone.get_default_timezone(), before=clock.now()):
        pass


def _make_statement(seller: Seller, month: date) -> Statement:
    """Return a statement of all earnings of the seller that are on none."""
    from django.utils import timezone

    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.base.values import replace
    from tradepost.market.settlement.models import SettlementItem
    from tradepost.market.settlement.rules import rules_of
    from tradepost.market.settlement.run import create_statement

    settings, now = config(), clock.now()
    _taken_up()
    SettlementItem.objects.filter(seller=seller, statement=None).update(settles_at=now - timedelta(seconds=1))
    rules = rules_of(settings.settlement, zone=timezone.get_default_timezone(), closes=settings.review_day_ends)
    made = create_statement(seller, "CNY", month, rules=replace(rules, minimum_minor=1), now=now)
    assert made is not None, seller.slug
    return made


def _fee_invoice(seller: Seller, statement: Statement) -> str:
    """Return the key of an invoice over the fee of a paid statement, to be reviewed."""
    from tests.browser.settling import fee_application
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.invoices.deadlines import deadline_of
    from tradepost.market.settlement import fee_invoices

    owner, statement = seller.members.order_by("pk")[0].user, type(statement).objects.get(pk=statement.pk)
    wanted = fee_application(seller)
    made = fee_invoices.apply(
        owner, seller, [statement.number], wanted, patience=deadline_of(config().invoices), a_day=50, now=clock.now()
    )
    return str(made.pk)


def _unpaid_without_account() -> str:
    from django.utils import timezone

    from tradepost.market.base import clock
    from tradepost.market.identity.company_models import Certification
    from tradepost.market.identity.models import Seller
    from tradepost.market.settlement import agree
    from tradepost.market.settlement.calendar import month_of
    from tradepost.market.settlement.models import SettlementItem

    certified = Certification.objects.values("seller")
    item = SettlementItem.objects.filter(statement=None, minor__gt=0).exclude(seller__in=certified).earliest("pk")
    statement = _make_statement(
        Seller.objects.get(pk=item.seller_id), month_of(clock.now(), timezone.get_default_timezone())
    )
    agree.sign(statement, actor="market", now=clock.now())
    return str(statement.pk)


# --- arrears ------------------------------------------------------------------------------------------------------------


def _arrears() -> None:
    """Create arrears in the grace period, paid, and so old that the services were deleted."""
    from tradepost.market.base import clock
    from tradepost.market.base.money import Money
    from tradepost.market.billing import arrears
    from tradepost.market.billing.models import Arrears
    from tradepost.market.payments import ledger

    grace, paid, late = (_owing(name, level) for name, level in (("grace", "V5"), ("paid", "V0"), ("late", "V0")))
    ledger.top_up(paid.buyer, Money.of(100, "CNY"), reference="CRAWL-PAID", actor="op", now=clock.now())
    until(lambda: Arrears.objects.get(pk=paid.pk).status == "paid", "the arrears are paid")
    assert grace.status == "grace"
    Arrears.objects.filter(pk=late.pk).update(releases_at=clock.now())
    with transaction.atomic():
        arrears.run({"arrears": late.pk}, clock.now())
    until(lambda: Arrears.objects.get(pk=late.pk).status == "released", "the services are deleted")


def _owing(name: str, level: str) -> Arrears:
    """Return arrears of a new buyer at this level, as far as they arise at once."""
    from tests.browser.using import _opened, _second_after
    from tests.factories.metering import item, push
    from tests.factories.people import make_buyer
    from tradepost.market.base import clock
    from tradepost.market.billing.models import Arrears, Charge
    from tradepost.market.catalog.models import Offer
    from tradepost.market.metering import collect

    buyer = make_buyer(email=f"{name}@owes.example", balance="0", level=level, now=clock.now())
    held = _opened(buyer, Offer.objects.get(sku__spec__product__slug="yunjian-usage"), until)
    assert held.started_at
    begin = held.started_at.replace(microsecond=0)
    record = item(held, begin, "3", sn=f"crawl-{name}", end_time=_second_after(begin, 0))
    push(held.seller, [record], now=clock.now() + timedelta(seconds=10))
    collect.close("hour", now=clock.now())
    until(lambda: Charge.objects.filter(subscription=held).exists(), "it is charged")
    wanted = "grace" if level == "V5" else "frozen"
    until(lambda: Arrears.objects.filter(buyer=buyer, status=wanted).exists(), f"arrears are {wanted}")
    return Arrears.objects.select_related("buyer").get(buyer=buyer)


# --- transfers ----------------------------------------------------------------------------------------------------------


def _transfers(buyer: User) -> None:
    """Create a transfer that its buyer withdrew, one that came too late, returned money, and money that a bank took
    back."""
    from tests.factories.transfers import CNY, RULES, came
    from tradepost.market.base import clock
    from tradepost.market.base.money import Money
    from tradepost.market.base.values import replace
    from tradepost.market.identity.models import User
    from tradepost.market.payments import intents, unmatched

    now, operator = clock.now(), User.objects.get(email="operator@market.example")
    rules = replace(RULES, open_most=20, a_day=50)
    withdrawn, expired = (
        intents.announce(buyer, Money(minor, CNY), rules=rules, now=now) for minor in (77_000, 78_000)
    )
    intents.withdraw(withdrawn, now=now)
    with transaction.atomic():
        intents.expire({"intent": expired.pk}, now)
    _returned, bounced = (
        unmatched.record(came(f"ICBC-20261126-00{number}", 12_000), by=operator, now=now) for number in (44, 45)
    )
    for fact in (_returned, bounced):
        unmatched.return_to_sender(fact, note="打款人要求退回。", by=operator, now=now)
    unmatched.bounce(bounced, note="收款账户已销户。", by=operator, now=now)
