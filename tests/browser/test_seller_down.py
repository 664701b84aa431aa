"""A seller that is down, in the browser: the reason and the next attempt, Restart on the page, and a refund after the
retry plan.
"""

from __future__ import annotations

import re
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, person
from tests.browser.running import Market
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]

PRODUCT = "huiqi-meetings"
NEXT_TRY = {"zh-hans": r"将于 .*\d\d:\d\d.* 再次调用", "en": r"Next call at .*\d\d:\d\d"}
REASON = "No connection to the server"
REFUNDED = {"zh-hans": "¥\xa099.00 已退回您的余额", "en": "¥\xa099.00 was returned to your balance"}
MAILED = {
    # language: words of the buyer's mail, words of the seller's
    "zh-hans": ("¥ 99.00 已退回您的余额", "已退款"),
    "en": ("¥ 99.00 was returned to your balance", "was refunded"),
}


@pytest.fixture(autouse=True)
def _wait_until_seller_is_up(market: Market):
    yield
    if "seller" not in market.processes:
        market.start_seller()


def test_restart_on_the_page_completes_the_order(browser: Browser, market: Market) -> None:
    """saas-v2 §7: the seller reads the reason, mends its server, presses Restart."""
    with person(browser, market, "buyer", language="zh-hans") as buyer, person(browser, market, "seller") as seller:
        market.kill_seller()
        number = buy(buyer)
        progress = buyer.page.locator(".sf-steps")
        expect(progress).to_contain_text(buyer.say("The seller's system gave no valid response."))
        expect(progress).to_contain_text(re.compile(NEXT_TRY["zh-hans"]))

        seller.go("/seller/messages/")
        row = seller.page.locator("tbody tr").filter(has_text=number)
        expect(row).to_contain_text(REASON)
        row.get_by_role("link").first.click()
        expect(seller.page.locator("#sc-message")).to_contain_text(
            "Check that the server runs and listens on this port"
        )

        market.start_seller()
        seller.press("Restart")
        expect(buyer.page.locator(".sf-access")).to_be_visible()  # the open page updated itself
        expect(progress).to_contain_text(buyer.say("Delivered"))
        expect(seller.page.locator("#sc-message > section").first.locator(".tp-badge.tp-ok")).to_be_visible()
    assert market.faults() == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_order_is_refunded_after_the_plan_and_both_sides_get_mails(
    browser: Browser, market: Market, language: str
) -> None:
    """saas-v2 §3.10: three hours of tries, then refund; mails in the language that each person chose in the page."""
    other = "en" if language == "zh-hans" else "zh-hans"
    with (
        person(browser, market, "buyer", language=other) as buyer,
        person(browser, market, "seller", language=other) as seller,
    ):
        buyer.speak(language)
        seller.speak(language)
        before = balance(buyer)
        market.kill_seller()
        number = buy(buyer)
        expect(buyer.page.locator(".sf-steps")).to_contain_text(
            buyer.say("The seller's system gave no valid response.")
        )
        assert balance(buyer) == before - 9900
        buyer.go(f"/orders/{number}/")

        market.clock_advance("4h")

        expect(buyer.page.locator("main")).to_contain_text(REFUNDED[language])
        assert balance(buyer) == before
        seller.go(f"/seller/orders/?q={number}")
        expect(seller.page.locator("tbody tr .tp-badge.tp-warn")).to_be_visible()

    to_buyer, to_seller = MAILED[language]
    until(lambda: bool(mails(market, "buyer", to_buyer, number)), what=f"the buyer's mail in {language}")
    until(lambda: bool(mails(market, "seller", to_seller, number)), what=f"the seller's mail in {language}")
    assert market.faults() == []


def buy(buyer: Person) -> str:
    """Order one month of the product and pay. The page then shows the delivery."""
    buyer.go(f"/products/{PRODUCT}/")
    buyer.page.get_by_role("button", name=buyer.say("Buy"), exact=True).click()
    buyer.page.locator("#agreed").check()
    buyer.press("Place the order")
    expect(buyer.page.locator("#pay")).to_be_visible()
    number = buyer.page.url.rstrip("/").rpartition("/")[2]
    buyer.press("Pay")
    expect(buyer.page.locator(".sf-steps")).to_be_visible()
    return number


def balance(buyer: Person) -> int:
    """Return the balance in minor units, from the balance page."""
    buyer.go("/balance/")
    found = re.search(r"¥\s*([\d,]+)\.(\d\d)", buyer.page.locator("main .tp-sum-lg, main .tp-stats").first.inner_text())
    assert found is not None
    return int(found[1].replace(",", "")) * 100 + int(found[2])


def mails(market: Market, role: str, words: str, number: str) -> list[EmailMessage]:
    return [
        mail for mail in market.mail.received
        if mail["To"] == market.made[role] and words in str(mail["Subject"]).replace("\xa0", " ") and number in text_of(mail)
    ]  # fmt: skip


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(mail["Subject"]) + (body.get_content() if body else "")
