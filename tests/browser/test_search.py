"""Issue 27, 9: search suggestions and Ctrl+K, by keyboard and without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.people import person
from tests.browser.running import Market

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def suggestions(page: Page, field: Locator, text: str) -> Locator:
    """Type, and wait for the options below the field."""
    field.fill("")
    field.press_sequentially(text)
    listed = page.locator(f"#{field.get_attribute('data-options')}")
    expect(listed).to_be_visible()
    return listed


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_suggestions_by_keyboard(browser: Browser, market: Market, language: str) -> None:
    with person(browser, market, "buyer", language=language) as buyer:
        page = buyer.page
        buyer.go("/")
        field = page.get_by_role("combobox", name=buyer.say("Search products"))
        expect(field).to_have_attribute("aria-expanded", "false")
        listed = suggestions(page, field, "yunjian")
        expect(field).to_have_attribute("aria-expanded", "true")
        options = listed.get_by_role("option")
        expect(options.first).to_be_visible()
        field.press("ArrowDown")
        first = options.first.get_attribute("id")
        expect(field).to_have_attribute("aria-activedescendant", first or "")
        expect(options.first).to_have_attribute("aria-selected", "true")
        field.press("ArrowUp")
        expect(listed.locator('[aria-selected="true"]')).to_have_count(0)
        field.press("Escape")
        expect(listed).to_be_hidden()
        expect(field).to_have_value("yunjian")
        field.press("Enter")
        expect(page).to_have_url(re.compile(r"/\?q=yunjian$"))
        field = page.get_by_role("combobox", name=buyer.say("Search products"))
        listed = suggestions(page, field, "yunjian")
        product = listed.locator('[data-href^="/products/"]').first
        href = product.get_attribute("data-href") or ""
        at = [option.get_attribute("data-href") for option in listed.get_by_role("option").all()].index(href)
        for _ in range(at + 1):
            field.press("ArrowDown")
        field.press("Enter")
        expect(page).to_have_url(re.compile(re.escape(href)))
    assert market.faults() == []


def test_suggestions_on_a_phone_by_touch(browser: Browser, market: Market) -> None:
    with person(browser, market, "buyer", language="en") as buyer:
        page = buyer.page
        page.set_viewport_size({"width": 390, "height": 844})
        buyer.go("/")
        listed = suggestions(page, page.locator("#tp-q"), "yunjian")
        option = listed.get_by_role("option").first
        box = option.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        href = option.get_attribute("data-href") or ""
        option.click()
        expect(page).to_have_url(re.compile(re.escape(href)))
    assert market.faults() == []


@pytest.mark.parametrize(
    "case",
    [
        ("operator", "/console/", "同义词", "/console/synonyms/"),
        ("operator", "/console/products/", "Work queue", "/console/queue/"),
        ("seller", "/seller/", "生产地址", "/seller/addresses/"),
        ("seller", "/seller/orders/", "yunjian", "/seller/products/"),
    ],
)
def test_ctrl_k_opens_a_site_search(browser: Browser, market: Market, case: tuple[str, str, str, str]) -> None:
    role, start, text, href = case
    with person(browser, market, role, language="en") as reader:
        page = reader.page
        reader.go(start)
        page.keyboard.press("Control+k")
        field = page.locator("#tp-find")
        expect(field).to_be_focused()
        listed = suggestions(page, field, text)
        expect(listed.locator(f'[data-href^="{href}"]').first).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#tp-palette")).to_be_hidden()
        page.locator("a[data-palette]").click()
        listed = suggestions(page, field, text)
        field.press("ArrowDown")
        chosen = listed.locator('[aria-selected="true"]')
        target = chosen.get_attribute("data-href") or ""
        field.press("Enter")
        expect(page).to_have_url(re.compile(re.escape(target)))
    assert market.faults() == []


def test_both_are_ordinary_pages_without_script(browser: Browser, market: Market) -> None:
    with person(browser, market, "operator", language="en") as operator:
        state = operator.context.storage_state()
    context = browser.new_context(java_script_enabled=False, storage_state=state, locale="en-US")
    page = context.new_page()
    try:
        page.goto(f"{market.url}/")
        page.locator("#tp-q").fill("yunjian")
        page.locator(".tp-search button").click()
        expect(page).to_have_url(re.compile(r"\?q=yunjian$"))
        page.goto(f"{market.url}/console/")
        page.locator("a[data-palette]").click()
        page.locator("#tp-find-page").fill("synonyms")
        page.locator("main .tp-search button").click()
        page.locator("main").get_by_role("link", name="Search synonyms").click()
        expect(page).to_have_url(re.compile("/console/synonyms/$"))
    finally:
        context.close()
    assert market.faults() == []
