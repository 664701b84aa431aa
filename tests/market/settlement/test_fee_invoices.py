"""Invoices of the market for its fee (business-rules §6.1, §6.5), and invoices for its own products."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import NOW, make_operator, make_seller
from tests.market.engine import react
from tests.market.fulfilment.services import service, told
from tests.market.invoices.applying import FILE, FILES, PATIENCE, RECEIVER, TAX_NUMBER, apply_for_invoice, issue_invoice
from tests.market.settlement.settling import (
    RUN,
    assert_sound,
    earned_statement,
    owner_of,
    pay_statement,
    sign_statement,
)
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller
from tradepost.market.identity.self_operated import set_self_operated
from tradepost.market.invoices.for_fees import FeeApplication
from tradepost.market.invoices.issue import IssueData, approve, issue, request_change
from tradepost.market.invoices.models import Invoice, InvoiceItem
from tradepost.market.invoices.queries import fee_invoice_of, invoice_of_buyer, invoices_of_buyer, market_invoices
from tradepost.market.invoices.take_back import reject, return_invoice
from tradepost.market.invoices.titles import TitleDocument
from tradepost.market.settlement import fee_invoices
from tradepost.market.settlement.fee_invoices import to_invoice
from tradepost.market.settlement.models import Statement

pytestmark = pytest.mark.django_db
TITLE = TitleDocument(kind="company", name="青榭软件有限公司", tax_number=TAX_NUMBER)


def the_market() -> Seller:
    market = make_seller(name="商埠自营")
    set_self_operated(market, on=True, by="operator@market.example", now=NOW)
    return market


def applies(*statements: Statement, **more: Any) -> Invoice:
    form: dict[str, Any] = {"invoice_type": "general_digital", "title": TITLE, "receiver": RECEIVER} | more
    application = FeeApplication(**form)
    seller = statements[0].seller
    invoice = fee_invoices.apply(
        owner_of(seller),
        seller,
        [statement.number for statement in statements],
        application,
        patience=PATIENCE,
        a_day=50,
        now=RUN,
    )
    react(now=RUN)
    return invoice


def test_fee_of_a_paid_statement_is_invoiced_once() -> None:
    """§6.5: only paid statements."""
    market = the_market()
    waiting = sign_statement(earned_statement())
    with pytest.raises(Refused) as early:
        applies(waiting)
    assert (early.value.code, Invoice.objects.count()) == ("fee_invoice.statements", 0)
    statement = pay_statement(earned_statement())
    invoice = applies(statement)
    assert (invoice.seller, invoice.payer, invoice.amount_minor) == (market, statement.seller, 500)
    [item] = invoice.items.all()
    assert (item.source, item.fee_of, item.minor, item.line) == (f"fee:{statement.number}", statement.number, 500, None)
    assert (to_invoice(statement.seller), told("operator_invoice_asked")) == ([], 0), "no operator is there"
    with pytest.raises(Refused):
        applies(statement)
    assert (Invoice.objects.count(), assert_sound()) == (1, [])


def test_operator_issues_and_corrects_a_fee_invoice() -> None:
    """§6.5: net amount; the same steps as for all others: a file, a correction by red letter, free again."""
    operator = make_operator()
    the_market()
    statement = pay_statement(earned_statement())
    invoice = applies(statement)
    assert told("operator_invoice_asked") == 1
    assert list(market_invoices()) == [invoice]
    approve(invoice, by=operator, now=RUN)
    issue(invoice, IssueData(by=operator, number="24312000000012345678", files=FILES, file=FILE), now=RUN)
    react(now=RUN)
    assert told("fee_invoice_ready") == 1
    assert told("invoice_ready") == 0
    fee_invoice = fee_invoice_of(statement.seller, invoice.pk)
    assert fee_invoice is not None
    request_change(fee_invoice, "return", "开户行写错了", patience=PATIENCE, now=RUN)
    react(now=RUN)
    assert told("operator_invoice_wished") == 1
    return_invoice(fee_invoice, red_letter="RL-0001", reason="错开", by=operator, now=RUN)
    react(now=RUN)
    assert (told("fee_invoice_returned"), to_invoice(statement.seller)) == (1, [statement])
    assert applies(statement).status == "review"
    assert assert_sound() == []


def test_fee_invoice_belongs_to_the_seller_and_not_to_purchases_of_a_person() -> None:
    the_market()
    statement = pay_statement(earned_statement())
    invoice = applies(statement)
    owner = owner_of(statement.seller)
    assert (invoices_of_buyer(owner).rows, invoice_of_buyer(owner, invoice.pk)) == ([], None)
    assert fee_invoice_of(make_seller(), invoice.pk) is None
    reject(invoice, "抬头不符", by=make_operator(), now=RUN)
    react(now=RUN)
    assert (told("fee_invoice_rejected"), to_invoice(statement.seller), assert_sound()) == (1, [statement], [])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"invoice_type": "general_paper"}, "fee_invoice.type"),
        (
            {"title": TitleDocument(kind="company", name="青榭", tax_number="91440300708461137T")},
            "invoice_title.tax_number",
        ),
        ({"remark": "<b>x</b>"}, "invoice.remark"),
    ],
)
def test_invalid_application_is_refused_beside_its_field(more: dict[str, Any], code: str) -> None:
    the_market()
    statement = pay_statement(earned_statement())
    with pytest.raises(Refused) as refused:
        applies(statement, **more)
    assert (refused.value.code, Invoice.objects.count(), InvoiceItem.objects.count()) == (code, 0, 0)


def test_no_fee_invoice_is_issued_before_the_issuing_seller_is_set() -> None:
    statement = pay_statement(earned_statement())
    with pytest.raises(Refused) as nobody:
        applies(statement)
    assert (nobody.value.code, Invoice.objects.count()) == ("fee_invoice.nobody", 0)


def test_negative_fee_is_included() -> None:
    """§6.5: negative ones are selected automatically and cannot be deselected; net amount."""
    the_market()
    statement = pay_statement(earned_statement())
    other = pay_statement(earned_statement(), "ICBC-0002")
    Statement.objects.filter(pk=other.pk).update(
        seller=statement.seller, month="2026-04-01", fee_minor=-100, gross_minor=other.net_minor - 100
    )
    assert (applies(statement).amount_minor, to_invoice(statement.seller)) == (400, [])


def test_one_seller_is_the_markets_own() -> None:
    market, other = the_market(), make_seller()
    with pytest.raises(Refused) as second:
        set_self_operated(other, on=True, by="op", now=NOW)
    assert second.value.code == "seller.another_one"
    set_self_operated(market, on=False, by="op", now=NOW)
    set_self_operated(other, on=True, by="op", now=NOW)
    assert Seller.objects.get(self_operated=True) == other


def test_invoices_for_the_markets_own_products_are_issued_in_the_same_way() -> None:
    """§6.1: of its self-service products the market issues itself; operators see them among what they issue."""
    subscription = service(members=1)
    set_self_operated(subscription.seller, on=True, by="op", now=NOW)
    make_operator()
    invoice = apply_for_invoice(subscription)
    assert (told("operator_invoice_asked"), list(market_invoices())) == (1, [invoice])
    issue_invoice(invoice)
    assert (told("invoice_ready"), list(market_invoices()), assert_sound()) == (1, [], [])
