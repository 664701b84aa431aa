"""issue 27, 2: on a phone one header of 56 pixels and tabs at the bottom; groups that stay folded; a skip link past the
filters; and the focus after a form was submitted.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import Person, person
from tests.browser.running import Market

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {"width": 390, "height": 844}
SMALL = {"width": 320, "height": 640}
HOMES = {"": "/", "buyer": "/", "seller": "/seller/", "operator": "/console/"}
NARROWED = {"buyer": "/orders/", "seller": "/seller/products/", "operator": "/console/orders/"}
TARGETS = """() => [...document.querySelectorAll('.tp-top a, .tp-top button, .tp-top summary, .tp-dock a, .tp-more > summary')]
  .filter(e => e.checkVisibility() && !e.closest('.tp-menu > div, dialog')).map(e => [e.textContent.trim(), e.getBoundingClientRect()])
  .filter(([, box]) => box.width < 43.5 || box.height < 43.5 || box.left < 0 || box.right > innerWidth).map(([words, box]) => `${words} ${box.width}×${box.height}`)"""
COVERED = """() => { scrollTo({top: document.body.scrollHeight, behavior: 'instant'}); const dock = document.querySelector('.tp-dock').getBoundingClientRect();
  return [...document.querySelectorAll('.tp-foot *, main *')].filter(e => e.checkVisibility() && !e.children.length && e.textContent.trim())
  .filter(e => e.getBoundingClientRect().bottom > dock.top + 1 && !e.closest('dialog, details:not([open])')).map(e => e.textContent.trim().slice(0, 40)); }"""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("role", HOMES)
def test_phone_has_one_header_and_tabs_at_the_bottom(
    browser: Browser, market: Market, role: str, language: str
) -> None:
    with person(browser, market, role, language=language) as somebody:
        page = somebody.page
        for size in (PHONE, SMALL):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            somebody.go(HOMES[role])
            header, dock = box(page, ".tp-top"), box(page, ".tp-dock")
            assert round(header["height"]) == 56
            assert round(dock["y"] + dock["height"]) == size["height"]
            assert 3 <= page.locator(".tp-dock a").count() <= 5
            assert page.evaluate(TARGETS) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            assert page.evaluate(COVERED) == []
            more = page.locator(".tp-more > summary")
            assert (
                round(box(page, ".tp-more > summary")["x"] + box(page, ".tp-more > summary")["width"]) == size["width"]
            )
            more.click()
            sheet = page.locator(".tp-more > nav")
            expect(sheet).to_be_visible()
            assert box(page, ".tp-more > nav")["y"] >= 0
            page.keyboard.press("Escape")
            expect(sheet).to_be_hidden()
            expect(more).to_be_focused()
            more.click()
            sheet.get_by_role("link").last.click()
            expect(page.locator(".tp-dock")).to_be_visible()
        page.emulate_media(media="print")
        expect(page.locator(".tp-dock")).to_be_hidden()


def box(page: Page, selector: str) -> dict[str, float]:
    found = page.locator(selector).first.bounding_box()
    assert found is not None
    return {"x": found["x"], "y": found["y"], "width": found["width"], "height": found["height"]}


def test_tabs_do_not_cover_the_bar_at_the_bottom(browser: Browser, market: Market) -> None:
    with person(browser, market, "buyer") as buyer:
        page = buyer.page
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        buyer.go("/")
        product = page.locator(".sf-card a").first.get_attribute("href") or ""
        for path, bar in (("/checkout/1/", "#order-button"), (product, ".sf-buybar")):
            buyer.go(path)
            lower = box(page, bar)
            assert round(lower["y"] + lower["height"]) == round(box(page, ".tp-dock")["y"]), path
        buyer.go("/checkout/1/")
        page.locator("#order-button button").click(trial=True)


def test_navigation_opens_and_folds_without_script(browser: Browser, market: Market) -> None:
    with person(browser, market, "operator") as operator:
        state = operator.context.storage_state()
    context = browser.new_context(java_script_enabled=False, storage_state=state, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{market.url}/console/")
    expect(page.locator(".tp-more > nav")).to_be_hidden()
    page.locator(".tp-more > summary").click()
    link = page.locator('.tp-more a[href="/console/audit/"]')
    expect(link).to_be_visible()
    group = page.locator('[data-nav-group="console-market"] > summary')
    group.click()
    expect(link).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{market.url}/console/")
    expect(link).to_be_visible()
    context.close()


def test_groups_keep_their_folded_state(browser: Browser, market: Market) -> None:
    with person(browser, market, "operator") as operator:
        page = operator.page
        operator.go("/console/")
        link = page.locator('.tp-side a[href="/console/refunds/"]')
        group = page.locator('[data-nav-group="console-trade"] > summary')
        expect(link).to_be_visible()
        group.focus()
        page.keyboard.press("Enter")
        expect(link).to_be_hidden()
        operator.go("/console/sellers/")
        expect(link).to_be_hidden()
        operator.go("/console/refunds/")  # the group of the current entry is open
        expect(link).to_be_visible()
        operator.go("/console/sellers/")
        expect(link).to_be_hidden()
        group.click()
        operator.go("/console/audit/")
        expect(link).to_be_visible()


@pytest.mark.parametrize("role", NARROWED)
def test_skip_link_leads_past_the_filters(browser: Browser, market: Market, role: str) -> None:
    with person(browser, market, role) as somebody:
        page = somebody.page
        somebody.go(NARROWED[role])
        page.keyboard.press("Tab")
        expect(page.locator('.tp-skip[href="#main"]')).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator('.tp-skip[href="#results"]')).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#results")).to_be_focused()
        page.keyboard.press("Tab")
        assert page.evaluate("!document.activeElement.closest('form[role=search], .tp-top, .tp-side, .tp-row')")


def test_focus_moves_to_the_result_of_a_form(browser: Browser, market: Market) -> None:
    with person(browser, market, "buyer") as buyer:
        page = buyer.page
        buyer.go("/checkout/1/")
        for box_to_tick in page.locator("main input[type=checkbox][required]").all():
            box_to_tick.check()
        page.locator("#order-button button").click()
        expect(page).to_have_url(re.compile("/orders/"))
        expect(page.locator("main h1")).to_be_focused()
        page.locator("#pay button[type=submit]").first.click()
        expect(page.locator("#pay")).to_have_count(0)
        expect(page.locator("main h1")).to_be_focused()
        page.locator(".tp-row a[href='/orders/']").last.click()  # a link is not a form
        expect(page.locator("body")).to_be_focused()
        refused(buyer)


def refused(buyer: Person) -> None:
    page = buyer.page
    buyer.go("/profile/")
    page.locator("input[name=phone]").fill("call me")
    page.locator("main form button[type=submit]").first.click()
    wrong = page.locator("main input[name=phone]")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_value("call me")


def test_focus_stays_in_a_replaced_part(browser: Browser, market: Market) -> None:
    with person(browser, market, "buyer") as buyer:
        page = buyer.page
        buyer.go("/orders/")
        again = """() => { document.querySelector('main .card').dataset.old = '1';
          htmx.ajax('GET', location.pathname, {target: 'main .card', select: 'main .card', swap: 'outerHTML'}); }"""
        page.locator("main .card a").first.focus()
        page.evaluate(again)
        expect(page.locator("main .card:not([data-old]):focus-within")).to_have_count(1)
        page.locator(".tp-brand").focus()
        page.evaluate(again)
        expect(page.locator("main .card:not([data-old])")).to_have_count(1)
        expect(page.locator(".tp-brand")).to_be_focused()
