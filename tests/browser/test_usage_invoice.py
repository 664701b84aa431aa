"""A month's usage in the browser: reported, invoiced, refunded after a red letter, invoiced again (business-rules §6.2;
issue 26, must show 1).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.counting import Usage, buy, instance_of, usage_of
from tests.browser.people import Person, person
from tests.browser.running import Market
from tests.browser.saving import read_download
from tests.factories.invoices import INVOICE_PDF, TAX_NUMBER
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]
ZONE = ZoneInfo("Asia/Shanghai")
GO_ON = "main form button.btn-primary"
NUMBER = "26512000000012345001"


@pytest.fixture(scope="module", autouse=True)
def _history(market: Market) -> None:
    market.history("runs_out")


def advance_to_next_month(usage: Usage, day: int) -> datetime:
    """Advance to noon of this day, in the market's time zone."""
    now = usage.now().astimezone(ZONE)
    first = (now.replace(day=28) + timedelta(days=4)).replace(day=1, hour=12, minute=0, second=0, microsecond=0)
    at = first.replace(day=day)
    usage.market.clock_advance(f"{int((at - now).total_seconds() // 60)}m")
    return at


def apply(buyer: Person, path: str, *, amount: str, title: bool) -> str:
    """Apply on the page of the service's usage over the steps. Return the address of the application."""
    page = buyer.page
    buyer.go(f"{path}usage/")
    page.locator('main a[href*="/invoices/apply/?seller="]').click()
    expect(page.locator("main")).to_contain_text(amount)
    page.locator("main tbody input[name=usage]").first.check()
    page.locator(GO_ON).click()
    page.locator("#type-general_digital").check()
    page.locator(GO_ON).click()
    if title:
        page.locator('main a[href*="/invoices/titles/new/"]').click()
        page.locator("[name=name]").fill("蓝田精密制造有限公司")
        page.locator("[name=tax_number]").fill(TAX_NUMBER)
    page.locator(GO_ON).click()
    page.locator("main [name=email]").fill("caiwu@lantian.example")
    page.locator(GO_ON).click()
    page.wait_for_url(re.compile(r"/invoices/\d+/"))
    expect(page.locator("main")).to_contain_text(amount)
    return page.url.removeprefix(buyer.market.url)


def open_invoice(seller: Person, at: str) -> None:
    seller.go(f"/seller{at}")


def issue(seller: Person, number: str, file: Path) -> None:
    seller.page.locator("button[value=approve]").click()
    seller.page.locator("[name=number]").fill(number)
    seller.page.locator("[name=file_file]").set_input_files(file)
    seller.page.locator("#invoice-issue ~ form button.btn-primary").click()
    expect(seller.page.locator("h1")).to_contain_text("Issued")


def record_of(seller: Person, value: str) -> None:
    seller.go("/seller/usage/")
    seller.page.locator("main tbody tr").filter(has_text=re.compile(rf"\b{value} calls")).get_by_role(
        "link"
    ).first.click()


def test_month_of_usage_is_invoiced_refunded_and_invoiced_again(
    browser: Browser, market: Market, tmp_path: Path
) -> None:
    usage, file = usage_of(market, tmp_path), tmp_path / "dzfp.pdf"
    file.write_bytes(INVOICE_PDF)
    with (
        person(browser, market, "debtor") as buyer,
        person(browser, market, "seller") as seller,
        person(browser, market, "operator") as operator,
    ):
        service = buy(buyer, "ON_DEMAND-")
        instance = instance_of(buyer, service)
        month = f"{advance_to_next_month(usage, 25):%Y-%m}"
        usage.report(instance, "8")
        usage.report(instance, "5")
        buyer.go("/charges/")
        if (of_one_day := buyer.page.locator("main tbody summary")).count():
            expect(of_one_day).to_have_text("2 charges")
        else:  # midnight came in between
            expect(buyer.page.locator("main tbody tr")).to_have_count(2)
        buyer.go(f"{service}usage/")
        buyer.page.locator('main a[href*="/invoices/apply/?seller="]').click()
        expect(buyer.page.locator("main")).to_contain_text("can be invoiced from 03:00")
        expect(buyer.page.locator("main input[name=usage]")).to_have_count(0)

        advance_to_next_month(usage, 2)
        at = apply(buyer, service, amount="13.00", title=True)
        expect(buyer.page.locator("main")).to_contain_text(f"Usage of {month}")
        record_of(seller, "8")
        expect(seller.page.locator("main")).to_contain_text("Refuse the application, then void the record")
        expect(seller.page.locator("[name=reason]")).to_have_count(0)
        open_invoice(seller, at)
        expect(seller.page.locator("main")).to_contain_text(f"Usage of {month}")
        issue(seller, NUMBER, file)
        operator.go(f"/console{at}")
        expect(operator.page.locator("main")).to_contain_text(f"Usage of {month}")

        buyer.go(at)
        buyer.page.locator("#invoice-letter ~ form button").click()
        with buyer.page.expect_download() as download:
            buyer.page.locator('main a[href$="/letter/"]').click()
        assert read_download(download.value)[:5] == b"%PDF-"
        buyer.page.locator("#wish-return").check()
        buyer.page.locator("[name=wish_reason]").fill("8 were counted twice.")
        buyer.page.locator("#invoice-ask ~ form button").click()

        open_invoice(seller, at)
        take_back = seller.page.locator("details[open] form")
        take_back.locator("[name=red_letter]").fill("31002603000012345678")
        take_back.locator("[name=reason]").fill("The usage is corrected.")
        take_back.locator("button.btn-danger").click()
        record_of(seller, "8")
        seller.page.locator("[name=reason]").fill("Counted twice.")
        seller.page.locator("main button.btn-danger").click()
        market.clock_advance("1h")
        credited(buyer)
        buyer.go("/balance/")
        expect(buyer.page.locator("main")).to_contain_text("17.00")

        again = apply(buyer, service, amount="5.00", title=False)
        assert again != at
        buyer.go("/invoices/")
        expect(buyer.page.locator("main tbody tr")).to_have_count(2)
    assert market.faults() == []


def credited(buyer: Person) -> None:
    def shown() -> bool:
        buyer.go("/charges/")
        return "Credit" in buyer.page.locator("main").inner_text()

    until(shown, what="a credit", pause=0.3)
