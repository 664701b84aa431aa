"""A chapter of history.py: a paid statement with an invoice over its fee, one that waits for its seller, and one to be
paid.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradepost.market.identity.models import Seller
    from tradepost.market.invoices.for_fees import FeeApplication


def settle(_seller_url: str) -> dict[str, str]:
    from django.utils import timezone

    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.base.values import replace
    from tradepost.market.identity.certify import CertificationDocument, certify, sealed_account
    from tradepost.market.identity.models import Member, Seller, User
    from tradepost.market.identity.self_operated import set_self_operated
    from tradepost.market.invoices.deadlines import deadline_of
    from tradepost.market.settlement import fee_invoices
    from tradepost.market.settlement.agree import sign
    from tradepost.market.settlement.calendar import month_after, month_of
    from tradepost.market.settlement.collect import collect_items
    from tradepost.market.settlement.models import SettlementItem, Statement
    from tradepost.market.settlement.payout import pay
    from tradepost.market.settlement.rules import rules_of
    from tradepost.market.settlement.run import create_statement

    now, settings, zone = clock.now(), config(), timezone.get_default_timezone()
    rules = replace(rules_of(settings.settlement, zone=zone, closes=settings.review_day_ends), minimum_minor=1)
    month = month_of(now, zone)
    seller, operator = Seller.objects.get(slug="qingxie"), User.objects.get(email="operator@market.example")
    while collect_items(zone, before=now):
        pass

    def has_account(whose: Seller) -> None:
        sealed, hint = sealed_account("4000021109200123456")
        known = CertificationDocument(
            account_holder=whose.name, bank="中国工商银行", branch="深圳科技园支行", sealed_account=sealed, account_hint=hint,
            taxpayer="general", tax_rate="6", finance_name="王会计", finance_phone="13800138000",
            finance_email="caiwu@qingxie.example",
        )  # fmt: skip
        certify(whose, known, now=now)

    def made(whose: Seller) -> Statement:
        has_account(whose)
        statement = create_statement(whose, "CNY", month, rules=rules, now=now)
        assert statement is not None, whose.slug
        return statement

    # One entry of the seller waits for the next statement.
    last = SettlementItem.objects.filter(seller=seller, minor__gt=0).latest("pk")
    SettlementItem.objects.filter(pk=last.pk).update(settles_at=now + timedelta(days=40))
    first = made(seller)
    sign(first, actor="owner@qingxie.example", now=now)
    first.refresh_from_db()
    pay(first, "ICBC-20261203-0001", by=operator, now=now)
    SettlementItem.objects.filter(pk=last.pk).update(settles_at=now)
    waits = create_statement(seller, "CNY", month_after(month), rules=rules, now=now)
    assert waits is not None
    others = SettlementItem.objects.filter(statement=None, minor__gt=0).exclude(seller=seller).order_by("pk")
    paying = made(others[0].seller)
    sign(paying, actor="market", now=now)

    market = Seller.objects.exclude(pk__in=[seller.pk, paying.seller_id]).filter(status="active").order_by("-pk")[0]
    set_self_operated(market, on=True, by=operator.email, now=now)
    owner = Member.objects.filter(seller=seller).order_by("pk")[0].user
    first.refresh_from_db()
    invoice = fee_invoices.apply(
        owner,
        seller,
        [first.number],
        fee_application(seller),
        patience=deadline_of(settings.invoices),
        a_day=50,
        now=now,
    )
    return {
        "paid statement": str(first.pk), "statement": str(waits.pk), "paying statement": str(paying.pk),
        "fee invoice": str(invoice.pk),
    }  # fmt: skip


def fee_application(seller: Seller) -> FeeApplication:
    """Return the company's input for the invoice over the fee of a statement."""
    from tradepost.market.invoices.for_fees import FeeApplication
    from tradepost.market.invoices.receiver import InvoiceReceiver
    from tradepost.market.invoices.titles import TitleDocument

    return FeeApplication(
        invoice_type="general_digital", receiver=InvoiceReceiver(email="caiwu@qingxie.example"),
        title=TitleDocument(kind="company", name=seller.name, tax_number="91440300708461136T"),
    )  # fmt: skip
