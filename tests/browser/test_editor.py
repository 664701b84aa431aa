"""The editor of a product saves itself: what was typed survives a closed tab, and of two tabs neither loses a word (issue 9)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import Person, person
from tests.browser.running import Market

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]
SUPPORT = "/seller/products/11/draft/support/"
PRICES = "/seller/products/11/draft/pricing/"


def tab(seller: Person, path: str) -> Page:
    page = seller.context.new_page()
    page.goto(f"{seller.market.url}{path}")
    return page


def saved(page: Page) -> None:
    expect(page.locator("#sc-saved")).to_contain_text("Saved ")


def test_what_is_typed_survives_a_closed_tab_and_two_tabs_lose_nothing(browser: Browser, market: Market) -> None:
    with person(browser, market, "seller") as seller:
        first = tab(seller, SUPPORT)
        first.locator('[name="hours.en"]').fill("Monday to Friday")
        first.close()  # at once: the tab that goes sends what it has
        second = tab(seller, SUPPORT)
        for _ in range(50):  # what a closed tab sent is on its way
            if second.locator('[name="hours.en"]').input_value() == "Monday to Friday":
                break
            second.reload()
        expect(second.locator('[name="hours.en"]')).to_have_value("Monday to Friday")
        third = tab(seller, SUPPORT)
        second.locator("[name=phone]").fill("400-111-1111")
        saved(second)
        third.locator("[name=phone]").fill("400-222-2222")
        expect(third.locator("#sc-conflict")).to_be_visible()
        expect(third.locator("[name=phone]")).to_have_value("400-222-2222")
        expect(third.get_by_role("cell", name="400-111-1111")).to_be_visible()
        third.get_by_role("button", name="Save mine").click()
        expect(third.locator("#sc-conflict")).to_have_count(0)
        second.reload()
        expect(second.locator("[name=phone]")).to_have_value("400-222-2222")


def test_a_save_that_does_not_get_through_is_made_again_by_itself(browser: Browser, market: Market) -> None:
    with person(browser, market, "seller") as seller:
        page = tab(seller, SUPPORT)
        page.route(
            "**/draft/support/", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
        )
        page.locator("[name=phone]").fill("400-333-3333")
        expect(page.locator("#sc-saved")).to_have_class("tp-error")
        page.unroute("**/draft/support/")
        saved(page)
        page.reload()
        expect(page.locator("[name=phone]")).to_have_value("400-333-3333")


def test_a_price_that_is_no_number_is_said_beside_it_and_a_priced_combination_is_ticked(
    browser: Browser, market: Market
) -> None:
    with person(browser, market, "seller") as seller:
        page = tab(seller, PRICES)
        amount = page.locator('[name="specs.0.rows.0.cells.0.0"]')
        before = amount.input_value()
        amount.fill("12x")
        expect(page.locator('[data-error-of="specs.0.rows.0.cells.0.0"]')).to_contain_text("Enter an amount")
        amount.fill(before or "12")
        expect(page.locator('[data-error-of="specs.0.rows.0.cells.0.0"]')).to_be_empty()
        page.locator('button[value="add-attribute:0"]').click()
        expect(page.locator('[name="specs.0.rows.1.on"]')).to_be_visible()
