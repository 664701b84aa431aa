"""The industrial road in chromium, in both languages: a seller follows the links of its page alone, from the checklist
to the product that its licenses are sold as (joint.md §5; issue 14, must show 4).
tests/journeys/test_industrial_road.py walks the rest of the road.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, person
from tests.browser.running import Market
from tradepost.market.product_types.roads.industrial import ITEMS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]
WORDS = {
    "zh-hans": {"why": "请说明不适用的原因", "kept": "已保存", "done": "已完成", "price": "尚未定价", "name": "云图设计"},
    "en": {"why": "Explain why it does not apply", "kept": "Saved", "done": "done", "price": "has no price yet",
           "name": "Cloud Draw"},
}  # fmt: skip


def test_seller_follows_the_links_of_the_road(browser: Browser, market: Market) -> None:
    """In Chinese; then it reads the same in English."""
    words = WORDS["zh-hans"]
    with person(browser, market, "seller", language="zh-hans") as seller:
        seller.speak("zh-hans")
        seller.go("/seller/")
        seller.page.locator('nav a[href="/seller/road/"]').click()
        _answer_checklist(seller, words)
        page = seller.page
        _step(seller, "server").locator("a").first.click()
        page.locator("[name=url]").fill("http://127.0.0.1:9/produce")
        page.locator("[name=protocol]").select_option("license_online")
        page.locator("main form button.btn-primary").first.click()
        seller.go("/seller/road/")
        expect(_step(seller, "server")).to_contain_text(words["done"])
        _step(seller, "debugged").locator("a").first.click()
        page.locator('[name=kind][value="LICENSE"]').check()
        page.locator('[name="name.zh"]').fill("云图设计")
        page.locator('[name="name.en"]').fill("Cloud Draw")
        page.locator("main form button.btn-primary").click()
        page.wait_for_url("**/seller/products/*/**")
        for language in ("zh-hans", "en"):
            seller.speak(language)
            seller.go("/seller/road/")
            expect(_step(seller, "debugged")).to_contain_text(WORDS[language]["price"])
            expect(_step(seller, "debugged")).to_contain_text(WORDS[language]["name"])
            expect(_step(seller, "retrofit")).to_contain_text(WORDS[language]["done"])
    assert market.faults() == []


def _step(seller: Person, code: str):
    return seller.page.locator(f".sc-road > li:has(#step-{code})")


def _answer_checklist(seller: Person, words: dict[str, str]) -> None:
    """Answer all items. One that does not apply needs a reason, shown beside its item, and no input is lost."""
    page = seller.page
    _step(seller, "retrofit").locator("a").first.click()
    for code, item in ITEMS.items():
        page.locator(f"#says-{code}-{'not_needed' if item.optional else 'met'}").check()
        page.locator(f"#note-{code}").fill("")
    page.locator("main form button.btn-primary").click()
    expect(page.locator("#error-usage")).to_contain_text(words["why"])
    expect(page.locator("#says-https-met")).to_be_checked()
    for code, item in ITEMS.items():
        if item.optional:
            page.locator(f"#note-{code}").fill("不涉及")
    page.locator("main form button.btn-primary").click()
    expect(page.locator("body")).to_contain_text(words["kept"])
    expect(_step(seller, "retrofit")).to_contain_text(words["done"])
