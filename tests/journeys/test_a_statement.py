"""From sales to the invoice over the fee, over the real pages, in both languages (business-rules §8.1, §8.4, §6.5;
issue 12).
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import strip_tags

from tests.factories import make_operator, make_order, make_seller
from tests.factories.invoices import INVOICE_PDF, TAX_NUMBER
from tests.market.downloads import sent_file
from tests.market.engine import react
from tests.market.fulfilment.services import bought, service
from tests.market.settlement.settling import ACCOUNT, RULES, assert_sound, has_account, owner_of, sum_up
from tradepost.market.audit.models import Entry
from tradepost.market.base import clock
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.invoices.models import Invoice
from tradepost.market.settlement.calendar import month_of
from tradepost.market.settlement.models import Statement
from tradepost.market.settlement.run import create_statement

pytestmark = [pytest.mark.django_db]


def page(user: User, language: str) -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def text(answer: Any) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


def statement_now() -> Statement:
    """Return a statement of recent sales, as pages see it."""
    old, now = service(members=1), clock.now()
    bought(make_order(old.buyer, offer=Offer.objects.get(pk=old.offer_id), paid=True, now=now), now=now)
    has_account(old.seller)
    sum_up()
    made = create_statement(old.seller, "CNY", month_of(now, RULES.zone), rules=RULES, now=now)
    assert made is not None
    react(now=now)
    return made


@pytest.mark.slow
def test_sales_are_settled_and_the_fee_is_invoiced() -> None:
    statement = statement_now()
    seller, english = page(owner_of(statement.seller), "zh-hans"), page(owner_of(statement.seller), "en")
    operator = page(make_operator(email="operator@market.example"), "zh-hans")
    here, there = f"/seller/settlements/{statement.pk}/", f"/console/settlements/{statement.pk}/"

    assert "1 张结算单待您处理" in text(seller.get("/seller/"))
    assert "会签中" in text(seller.get("/seller/settlements/"))
    shown = text(seller.get(here))
    assert ("商家分成比例为 95%" in shown, "应付金额" in shown, statement.number in shown) == (True, True, True)
    assert "The seller's share is 95 %." in text(english.get(here))
    nothing = seller.post(f"{here}reject/", {"reason": " "})
    assert (nothing.status_code, "请写明哪里不对" in text(nothing)) == (422, True)
    assert seller.post(f"{here}reject/", {"reason": "少了一单"}).status_code == 302
    assert "少了一单" in text(operator.get(there))
    assert operator.post(f"{there}reissue/", {"answer": "该单四月才付款"}).status_code == 302
    assert "该单四月才付款" in text(seller.get(here))
    assert seller.post(f"{here}sign/").status_code == 302

    waits = text(operator.get("/console/settlements/"))
    assert statement.number in waits
    paying = operator.get(there)
    assert ("••••" in text(paying), ACCOUNT in text(paying)) == (True, False)
    assert ACCOUNT in text(operator.post(f"{there}account/")), "shown once, and the audit log knows"
    assert Entry.objects.filter(act="settlement_account").count() == 1
    assert operator.post(f"{there}pay/", {"bank_number": "?"}).status_code == 422
    assert operator.post(f"{there}pay/", {"bank_number": "ICBC-0001"}).status_code == 302
    react(now=clock.now())
    assert "ICBC-0001" in text(seller.get(here))
    assert "平台服务费" in text(operator.get("/console/ledger/?check=1"))
    assert (assert_sound(), seller.get(f"{here}export/xlsx/").content[:2], seller.get(f"{here}export/pdf/").status_code) == (
        [], b"PK", 404,
    )  # fmt: skip

    assert "尚未设置开票主体" in text(seller.get("/seller/settlements/invoices/apply/"))
    market = make_seller(name="商埠自营", now=clock.now())
    assert operator.post(f"/console/sellers/{market.pk}/self-operated/", {"on": "yes"}).status_code == 302
    form = {
        "statement": statement.number, "type": "general_digital", "name": "青榭软件有限公司", "tax_number": TAX_NUMBER,
        "email": "caiwu@a.example", "phone": "", "remark": "",
    }  # fmt: skip
    offered = seller.get(f"/seller/settlements/invoices/apply/?statement={statement.number}").content.decode()
    assert re.search(rf'value="{statement.number}"\s+checked', offered)
    wrong = seller.post("/seller/settlements/invoices/apply/", form | {"tax_number": "91440300708461137T"})
    assert (wrong.status_code, "统一社会信用代码" in text(wrong), Invoice.objects.count()) == (422, True, 0)
    assert seller.post("/seller/settlements/invoices/apply/", form).status_code == 302
    invoice = Invoice.objects.get()
    react(now=clock.now())
    at, desk = f"/seller/settlements/invoices/{invoice.pk}/", f"/console/invoices/{invoice.pk}/"
    assert invoice.number in text(operator.get("/console/invoices/"))
    assert operator.post(f"{desk}review/", {"answer": "approve"}).status_code == 302
    file = SimpleUploadedFile("dzfp.pdf", INVOICE_PDF, "application/pdf")
    done = operator.post(f"{desk}issue/", {"number": "24312000000012345678", "file_file": file})
    assert done.status_code == 302, text(done)
    assert sent_file(seller.get(f"{at}file/")) == INVOICE_PDF
    assert "24312000000012345678" in text(english.get(at))
    assert seller.post(f"{at}ask/", {"wish": "return", "wish_reason": "抬头不符"}).status_code == 302
    back = {"red_letter": "RL-0001", "reason": "抬头不符，已红冲"}
    assert operator.post(f"{desk}take-back/", back).status_code == 302
    assert "已红冲" in text(seller.get(at))
    assert (Invoice.objects.get().status, assert_sound()) == ("returned", [])


@pytest.mark.slow
def test_what_is_not_the_market_s_own_operators_only_read() -> None:
    from tests.market.invoices.applying import apply_for_invoice

    invoice = apply_for_invoice(service(members=1), now=clock.now())
    operator = page(make_operator(email="operator@market.example"), "en")
    assert operator.get(f"/console/invoices/{invoice.pk}/").status_code == 200
    assert operator.post(f"/console/invoices/{invoice.pk}/review/", {"answer": "approve"}).status_code == 404
    assert Invoice.objects.get().status == "review"
