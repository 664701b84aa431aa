"""issue 27, 13: the main journey of each role by keyboard only. Each control in use shows the focus and is in view."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.keyboard import Keyboard
from tests.browser.measuring import THEMES, violations
from tests.browser.people import person
from tests.browser.running import Market

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SEND = "main form button.btn-primary"


@pytest.fixture(scope="module", autouse=True)
def _history(market: Market) -> None:
    market.history("enterprise", "debug", "publish", "draft", "use")


def test_visitor_searches_opens_a_product_and_signs_up(browser: Browser, market: Market) -> None:
    with person(browser, market, language="en") as visitor:
        keys, page = Keyboard(visitor), visitor.page
        visitor.go("/")
        field = page.get_by_role("combobox", name=visitor.say("Search products"))
        keys.type(field, "Cloudleaf Docs")
        product = page.locator('[role=option][data-href^="/products/yunjian-docs/"]')
        expect(product).to_be_visible()
        while product.get_attribute("aria-selected") != "true":
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/products/yunjian-docs/"))
        keys.skip()
        keys.press(page.get_by_role("button", name=visitor.say("Buy"), exact=True))
        expect(page).to_have_url(re.compile("/account/login/.*next=.*checkout"))
        keys.open(page.locator('main a[href^="/account/signup/"]'))
        keys.type(page.locator("[name=email]"), "keyboard@visitor.example")
        keys.type(page.locator("[name=password1]"), "nine green ducks swim")
        page.keyboard.press("Enter")  # the browser requires the consent to the privacy policy
        keys.tick(page.locator("[name=privacy]"))
        keys.press(page.locator(SEND))
        expect(page).not_to_have_url(re.compile("/signup/"))
        expect(page.locator("main")).to_contain_text("keyboard@visitor.example")
    assert market.faults() == []


def test_buyer_finds_pays_opens_and_unsubscribes(browser: Browser, market: Market) -> None:
    with person(browser, market, "buyer", language="en") as buyer:
        keys, page = Keyboard(buyer), buyer.page
        buyer.go("/")
        keys.type(page.get_by_role("combobox", name=buyer.say("Search products")), "Cloudleaf Docs")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"\?q=Cloudleaf"))
        keys.follow(page.locator('main a[href^="/products/yunjian-docs/"]').first)
        keys.press(page.get_by_role("button", name=buyer.say("Buy"), exact=True))
        expect(page).to_have_url(re.compile("/checkout/"))
        keys.tick(page.locator("#agreed"))
        keys.press(page.locator("main").get_by_role("button", name=buyer.say("Place the order")))
        keys.press(page.locator("main").get_by_role("button", name=re.compile(f"^{buyer.say('Pay')}")))
        expect(page.locator(".sf-access")).to_be_visible()
        expect(page.locator("#main, #main *").and_(page.locator(":focus"))).to_have_count(
            1
        )  # issue 27, 2: focus after Pay
        keys.press(page.locator(".sf-access").get_by_role("button", name=buyer.say("Show")))
        expect(page.locator(".sf-access [data-secret] code")).to_have_text(re.compile(r"^[A-Za-z0-9]{14}$"))
        keys.press(page.locator('main a[href^="/services/"]').first)
        expect(page).to_have_url(re.compile(r"/services/\d+/$"))
        keys.follow(page.locator('main a[href$="/unsubscribe/"]').first)
        keys.tick(page.locator("main [name=agreed]").first)
        keys.press(page.locator("main form button.btn-danger").first)
        expect(page).to_have_url(re.compile(r"/refunds/\d+/$|/services/\d+/$"))
    assert market.faults() == []


def test_seller_starts_a_product_and_debugs(browser: Browser, market: Market) -> None:
    with person(browser, market, "seller", language="en") as seller:
        keys, page = Keyboard(seller), seller.page
        seller.go("/seller/")
        keys.open(page.locator('nav a:visible[href="/seller/products/"]').first)
        keys.follow(page.locator('main a[href="/seller/products/new/"]').first)
        keys.type(page.locator('[name="name.zh"]'), "Jianpan")
        keys.type(page.locator('[name="name.en"]'), "Keyboard Notes")
        keys.choose("kind", "SAAS")
        keys.press(page.locator(SEND))
        page.wait_for_url(re.compile(r"/seller/products/\d+/"))
        keys.follow(page.locator('main a[href$="/draft/support/"]').first)
        keys.type(page.locator("[name=phone]"), "400-555-0102")
        keys.press(page.locator("main button[name=act][value=save]").first)
        expect(page.locator("[name=phone]")).to_have_value("400-555-0102")
        keys.open(page.locator('nav a:visible[href="/seller/debug/"]').first)
        keys.press(page.locator("main button[name=do][value=debug]"))
        expect(page.locator("#sc-standing .tp-ok")).to_be_visible()
    assert market.faults() == []


def test_seller_follows_the_checklist_completes_and_submits_a_draft(browser: Browser, market: Market) -> None:
    product = f"/seller/products/{market.made['draft product']}/"
    with person(browser, market, "seller", language="en") as seller:
        keys, page = Keyboard(seller), seller.page
        seller.go("/seller/")
        keys.follow(page.locator('main a[href$="?checklist=1"]'))
        keys.follow(page.locator("#tp-checklist [data-step=cases] a[href='/seller/cases/']"))
        keys.open(page.locator('nav a:visible[href="/seller/debug/"]').first)
        keys.follow(page.locator('main a[href$="/all/"]').first)
        keys.press(page.locator(SEND))
        expect(page.locator("#sc-debug-all .tp-note.tp-ok")).to_be_visible()
        keys.open(page.locator('nav a:visible[href="/seller/products/"]').first)
        keys.follow(page.locator(f'main a[href="{product}"]').first)
        keys.follow(page.locator(f'main a.btn[href^="{product}draft/"]').first)
        keys.follow(page.locator(f'main a[href="{product}draft/support/"]').first)
        keys.type(page.locator("[name=phone]"), "400-555-0102")
        keys.press(page.locator("main button[name=act][value=save]").first)
        page.wait_for_load_state()
        expect(page.locator("[name=phone]")).to_have_value("400-555-0102")
        keys.follow(page.locator(f'main a[href="{product}submit/"]').first)
        _submit(keys)
    assert market.faults() == []


def test_product_is_rejected_corrected_and_approved(browser: Browser, market: Market) -> None:
    """The operator's journey, with the seller's between its two halves."""
    reason = "The name promises more than the product does."
    with person(browser, market, "operator", language="en") as operator:
        keys, page = Keyboard(operator), operator.page
        _open_review(keys)
        keys.press(page.locator('[data-dialog="c-reject"]').first)
        keys.type(page.locator("#r-base"), reason)
        keys.press(page.locator("dialog[open] button.btn-danger"))
        expect(page.locator("dialog[open]")).to_have_count(0)
        expect(page.locator("main")).to_contain_text(reason)
        with person(browser, market, "seller", language="en") as seller:
            _correct(Keyboard(seller), market.made["sent product"], reason)
        _open_review(keys)
        for box in page.locator("#approve-form [type=checkbox]").all():
            keys.tick(box)
        keys.press(page.locator('button[form="approve-form"], #approve-form button.btn-primary').first)
        expect(page.locator("#approve-form")).to_have_count(0)
    assert market.faults() == []


def test_letter_shortcuts_only_work_while_the_queue_has_the_focus(browser: Browser, market: Market) -> None:
    """WCAG 2.1.4: dictated words contain letters."""
    with person(browser, market, "operator", language="en") as operator:
        keys, page = Keyboard(operator), operator.page
        operator.go("/console/queue/")
        take, rows = page.locator("#c-peek [data-take] button[value=me]"), page.locator("[data-queue-row]")
        expect(take).to_be_visible()
        for letter in "sja":
            page.keyboard.press(letter)
        assert page.evaluate("document.activeElement === document.body")
        keys.skip()
        keys.reach(rows.nth(0).get_by_role("link").first)
        page.keyboard.press("j")
        expect(rows.nth(1).get_by_role("link").first).to_be_focused()
        page.keyboard.press("k")
        expect(rows.nth(0).get_by_role("link").first).to_be_focused()
        expect(take).to_be_visible()
        page.keyboard.press("s")
        expect(page.locator("#c-peek [data-put-off]")).to_have_attribute("open", "")
    assert market.faults() == []


def _open_review(keys: Keyboard) -> None:
    """Open the work queue with Ctrl+K, then the entry with its facts, then its page."""
    page = keys.page
    keys.person.go("/console/")
    page.keyboard.press("Control+k")
    expect(page.locator("#tp-find")).to_be_focused()
    page.keyboard.type("work queue")
    found = page.locator('#tp-palette [data-href="/console/queue/"]')
    expect(found).to_be_visible()
    while found.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/console/queue/"))
    row = page.locator("main [data-queue-row]").filter(has_text="Receipt")
    keys.skip()
    keys.reach(row.get_by_role("link").first)
    expect(page.locator("#c-peek [data-entry]")).to_contain_text("Receipt")
    keys.open(row.get_by_role("link").first)


def _correct(keys: Keyboard, product: str, reason: str) -> None:
    """Change the name, and submit the product again."""
    page = keys.page
    keys.person.go(f"/seller/products/{product}/")
    expect(page.locator("main")).to_contain_text(reason)
    keys.follow(page.locator(f'main a[href^="/seller/products/{product}/draft/"]').first)
    keys.type(page.locator('[name="name.en"]'), "Receipt Folder")
    keys.press(page.locator("main button[name=act][value=save]").first)
    page.wait_for_load_state()
    expect(page.locator('[name="name.en"]')).to_have_value("Receipt Folder")
    keys.follow(page.locator(f'main a[href="/seller/products/{product}/submit/"]').first)
    _submit(keys)


def _submit(keys: Keyboard) -> None:
    page = keys.page
    for box in page.locator("main form [type=checkbox]").all():
        if not box.is_checked():
            keys.tick(box)
    keys.press(page.locator(SEND).last)
    expect(page.locator('#sc-submission form[action$="/withdraw/"]')).to_be_visible()


def test_administrator_adds_a_member(browser: Browser, market: Market) -> None:
    with person(browser, market, "buyer", language="en") as admin:
        keys, page = Keyboard(admin), admin.page
        admin.go("/enterprise/lantian/")
        keys.follow(page.locator('main a[href="/enterprise/lantian/members/"]').first)
        keys.follow(page.locator('main a[href="/enterprise/lantian/members/new/"]').first)
        keys.press(page.locator(SEND))
        expect(page.locator("main .tp-error").first).to_be_visible()
        keys.type(page.locator("main [name=user_name]"), "keys.only")
        keys.type(page.locator("main [name=name]"), "Taylor Keys")
        keys.press(page.locator(SEND))
        expect(page.locator("main")).to_contain_text("keys.only")
        expect(page.locator("main [name=user_name]")).to_have_count(0)
    assert market.faults() == []


def test_chart_series_can_be_hidden_and_the_legend_stays_readable(browser: Browser, market: Market) -> None:
    with person(browser, market, "seller", language="en") as seller:
        keys, page = Keyboard(seller), seller.page
        seller.go(f"/seller/usage/chart/?q={market.made['used instance']}")
        switch = page.locator(".tp-chart-switch").first
        expect(switch).to_have_attribute("aria-pressed", "true")
        keys.press(switch)
        expect(switch).to_have_attribute("aria-pressed", "false")
        for theme, rules in THEMES:
            page.emulate_media(color_scheme=theme)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
            assert violations(page, rules, ".tp-chart") == []
        switch = page.locator(".tp-chart-switch").first  # redrawn in the colours of the theme
        keys.press(switch, "Space")
        expect(switch).to_have_attribute("aria-pressed", "false")
    assert market.faults() == []
