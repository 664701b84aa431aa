"""The main journey in the browser: search, choose, order, pay, wait, log in at the seller's site; seller and operator
watch.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, person
from tests.browser.running import Market

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]

PRODUCT = {"zh-hans": "云笺协作文档", "en": "Cloudleaf Docs"}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_buyer_gets_an_account_and_signs_in_with_it(browser: Browser, market: Market, language: str) -> None:
    with person(browser, market, "buyer", language=language) as buyer:
        expect(buyer.page.locator("html")).to_have_attribute("lang", language)
        order(buyer)
        number = order_number(buyer)
        pay_and_wait(buyer)
        log_in_at_the_seller(buyer)
    with person(browser, market, "seller", language=language) as seller:
        see_the_calls(seller, number)
    with person(browser, market, "operator", language=language) as operator:
        check_the_console(operator, number)
    assert market.faults() == []


def order(buyer: Person) -> None:
    page = buyer.page
    buyer.go("/")
    page.get_by_role("combobox", name=buyer.say("Search products")).fill(PRODUCT[buyer.language])
    page.get_by_role("button", name=buyer.say("Search"), exact=True).click()
    page.locator("main").get_by_role("link", name=PRODUCT[buyer.language], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PRODUCT[buyer.language])
    page.get_by_role("button", name=buyer.say("Buy"), exact=True).click()
    page.locator("[name=quantity]").fill("15")
    page.locator("[name=periods]").select_option("3")
    expect(page.locator("#summary strong")).to_have_text("¥\xa0810.00")  # 18.00 × 15 users × 3 months
    page.locator("#agreed").check()
    buyer.press("Place the order")
    expect(page.locator("#pay")).to_contain_text("¥\xa0810.00")


def order_number(buyer: Person) -> str:
    found = re.search(r"/orders/([^/]+)/", buyer.page.url)
    assert found is not None, buyer.page.url
    return found[1]


def pay_and_wait(buyer: Person) -> None:
    """Press *Pay* and wait until the page shows address, account and password."""
    access = buyer.page.locator(".sf-access")
    buyer.press("Pay")
    expect(access).to_be_visible()
    expect(access.get_by_role("heading", name=buyer.say("Login details"))).to_be_visible()
    expect(access.get_by_role("link").first).to_have_attribute(
        "href", re.compile(re.escape(f"{buyer.market.seller_url}/login/"))
    )
    expect(access.locator("[data-secret]")).to_be_visible()


def log_in_at_the_seller(buyer: Person) -> None:
    access = buyer.page.locator(".sf-access")
    account = access.locator(".tp-copyable code").inner_text()
    secret = access.locator("[data-secret] code")
    assert "•" in secret.inner_text(), "hidden until asked for"
    access.get_by_role("button", name=buyer.say("Show")).click()
    expect(secret).to_have_text(re.compile(r"^[A-Za-z0-9]{14}$"))
    password = secret.inner_text()
    with buyer.context.expect_page() as opened:
        access.get_by_role("link").first.click()
    sellers = opened.value
    sellers.locator("#user").fill(account)
    sellers.locator("#password").fill(password)
    sellers.get_by_role("button").click()
    expect(sellers).to_have_url(re.compile("/workspace/"))
    expect(sellers.get_by_text(account, exact=True)).to_be_visible()
    expect(sellers.get_by_text("15", exact=True)).to_be_visible()  # the seller queried the order at the market


def see_the_calls(seller: Person, number: str) -> None:
    seller.go("/seller/")
    seller.page.locator("main").get_by_role("link", name=re.compile(number)).first.click()
    expect(seller.page.get_by_role("heading", level=1)).to_contain_text(PRODUCT[seller.language])
    expect(seller.page.locator("main")).to_contain_text(number)
    seller.page.get_by_role("link", name=seller.say("Interface messages")).click()
    rows = seller.page.locator("tbody tr").filter(has_text=number)
    expect(rows).to_have_count(2)
    assert [row.get_by_role("link").first.inner_text() for row in rows.all()] == ["queryInstance", "newInstance"]
    rows.nth(1).get_by_role("link").first.click()
    expect(seller.page.locator("#sc-message")).to_contain_text('"activity":"newInstance"')
    expect(seller.page.locator("#sc-message")).to_contain_text("Body-Sign")


def check_the_console(operator: Person, number: str) -> None:
    operator.go("/console/")
    expect(operator.page.locator("main")).to_contain_text("¥")  # revenue
    operator.go("/console/engine/")
    expect(operator.page.locator("main tbody tr .tp-ok")).to_have_count(1)  # the only worker, running
    operator.go("/console/orders/")
    operator.page.get_by_role("link", name=number).click()
    expect(operator.page.locator("main")).to_contain_text("¥\xa0810.00")
    expect(operator.page.locator("main")).to_contain_text("newInstance")
