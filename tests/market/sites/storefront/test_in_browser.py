"""The storefront in a browser: behaviour that only a running page can show, and accessibility."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests import factories
from tests.architecture.source import ROOT
from tests.factories.products import SEATS, YEARLY, make_sku, make_spec
from tests.market import engine
from tests.market.fulfilment.changes import changeable_since
from tests.market.sites import renewing
from tradepost.market.base import clock
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Call
from tradepost.protocols.commands import Pending, Rejected

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture
def browser(chromium: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; the database is used between its calls, never within them.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


def enter(browser: Browser, base: str, user: User, *, width: int = 1280, theme: str = "light") -> BrowserContext:
    client = Client()
    client.force_login(user)
    context = browser.new_context(
        base_url=base, viewport={"width": width, "height": 900}, locale="en-US", reduced_motion="reduce"
    )
    cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": "en", "theme": theme}
    context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies.items()])
    return context


def complaints(page: Page) -> list[str]:
    """Collect the browser's complaints from now on: refused by policy, not found, broken; without htmx's message about
    a request that ended because the page was left."""
    heard: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(
            ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
        ):
            heard.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def seats_by_month_or_year() -> Any:
    sku = make_sku(*SEATS.prices, YEARLY, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)
    return factories.make_product(specs=(make_spec(sku, name="标准", name_en="Standard"),), name_en="Leaf")


@pytest.mark.slow
def test_purchase_from_the_store_to_the_password(browser: Browser, live_server: Any) -> None:
    buyer = factories.make_buyer()
    seats_by_month_or_year()
    page = enter(browser, live_server.url, buyer).new_page()
    heard = complaints(page)

    page.goto("/")
    page.get_by_role("link", name="Leaf", exact=True).click()
    page.get_by_role("button", name="Buy", exact=True).click()

    total = page.locator(".sf-total strong")
    expect(total).to_have_text("¥\xa0100.00")
    page.get_by_label("Seats").fill("3")
    expect(total).to_have_text("¥\xa0300.00")
    page.get_by_label("Duration").select_option("6")
    expect(total).to_have_text("¥\xa01,800.00")
    page.get_by_label("Seats").fill("51")
    expect(page.locator("#summary")).to_contain_text("Choose a quantity from 1 to 50")
    page.get_by_label("Yearly").check(force=True)
    page.get_by_label("Seats").fill("2")
    expect(total).to_have_text("¥\xa02,000.00")
    page.get_by_label("I have read and accept").check()
    page.get_by_role("button", name="Place the order").click()

    page.get_by_role("button", name="Pay ¥\xa02,000.00").click()
    expect(page.get_by_role("heading", name="Your order is being delivered")).to_be_visible()
    order = Order.objects.get()
    assert (order.status, order.total_minor) == (Order.Status.PROCESSING, 200_000)

    _seller_refuses(order)
    expect(page.locator("#live q")).to_have_text("out of stock")
    _seller_delivers(order)
    expect(page.get_by_role("heading", name="Login details")).to_be_visible()
    expect(page.locator("#tp-live")).to_have_text("Your order was delivered.")
    assert page.locator("#live").get_attribute("hx-trigger") is None

    password = page.locator("[data-secret] code")
    expect(password).to_have_text("••••••••")
    page.get_by_role("button", name="Show").click()
    expect(password).to_have_text("Open-Sesame-7")
    _loaded_again(page)
    expect(password).to_have_text("Open-Sesame-7")
    page.get_by_role("button", name="Hide").click()
    expect(password).to_have_text("••••••••")
    assert "Open-Sesame-7" not in page.content()
    assert heard == []


def _loaded_again(page: Page) -> None:
    """Two polls that end simultaneously load the page twice (web/polled.py)."""
    page.evaluate(
        """() => {
            document.getElementById("main").dataset.before = "";
            const again = { target: "#main", select: "#main", swap: "outerHTML", headers: { "Reloaded-For": "live" } };
            return htmx.ajax("GET", location.pathname, again);
        }"""
    )
    expect(page.locator("#main[data-before]")).to_have_count(0)


def _seller_refuses(order: Order) -> None:
    engine.react(now=clock.now())
    call = Call.objects.get(order_number=order.number)
    engine.answer(call, Rejected(code="000005", message="out of stock"), now=clock.now())


def _seller_delivers(order: Order) -> None:
    """newInstance, then queryInstance with the access data."""
    for _ in range(2):
        call = Call.objects.get(order_number=order.number, outcome="")
        engine.answer(call, renewing.deliver(call), now=clock.now())
        engine.react(now=clock.now())


@pytest.mark.slow
def test_fee_of_a_change_follows_each_choice(browser: Browser, live_server: Any) -> None:
    """Issue 11: "explained line by line before paying"."""
    subscription = changeable_since(timedelta(days=3))
    page = enter(browser, live_server.url, subscription.buyer).new_page()
    heard = complaints(page)
    page.goto(f"/services/{subscription.pk}/change/")
    total = page.locator(".sf-total strong")
    first = total.inner_text()
    page.get_by_label("Seats after the change").fill("9")
    expect(total).not_to_have_text(first)
    expect(page.locator(".tp-fee-lines")).to_contain_text("for 9 units")
    page.get_by_label("Seats after the change").fill("51")
    expect(page.locator("#quantity_error")).to_contain_text("Choose a quantity from 2 to 50")
    page.get_by_label("Large").check(force=True)
    expect(page.locator(".tp-fee-lines")).to_contain_text("¥\xa0200.00 a month")
    fee = total.inner_text()
    page.get_by_label("I have read and accept").check()
    page.get_by_role("button", name="Order the change").click()
    expect(page.get_by_role("button", name=f"Pay {fee}")).to_be_visible()
    assert heard == []


@pytest.mark.slow
def test_theme_and_dialog_work_by_keyboard(browser: Browser, live_server: Any) -> None:
    buyer = factories.make_buyer()
    order = factories.make_order(buyer, now=clock.now())
    page = enter(browser, live_server.url, buyer).new_page()
    page.goto(f"/orders/{order.number}/")

    page.get_by_role("button", name="Switch between light and dark").press("Enter")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    page.get_by_role("button", name="Cancel the order").first.press("Enter")
    dialog = page.get_by_role("dialog", name=f"Cancel order {order.number}?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    page.get_by_role("button", name="Cancel the order").first.press("Enter")
    dialog.get_by_role("button", name="Cancel the order").press("Enter")
    expect(page.get_by_text("The order was cancelled. Nothing was charged.")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_passes_axe_and_fits_320_pixels(browser: Browser, live_server: Any, theme: str) -> None:
    buyer = factories.make_buyer(name="名" * 40)
    product = factories.make_product(name_en="Discrete Manufacturing Execution " + "X" * 30)
    unpaid = factories.make_order(buyer, offer=factories.make_offer(product), now=clock.now())
    paid = factories.make_order(buyer, paid=True, now=clock.now())
    subscription = factories.make_subscription(paid)
    engine.answer(factories.make_call(paid), Pending(), now=clock.now())
    addresses = [
        "/", "/?q=zzz", f"/products/{product.slug}/", f"/checkout/{product.pk}/", "/agreements/buyer/", "/orders/",
        f"/orders/{unpaid.number}/", f"/orders/{paid.number}/", "/services/", f"/services/{subscription.pk}/", "/notices/",
        "/balance/", "/profile/", "/account/password/change/", "/nowhere/",
    ]  # fmt: skip
    axe = AXE.read_text(encoding="utf-8")
    page = enter(browser, live_server.url, buyer, width=320, theme=theme).new_page()
    faults: dict[str, Any] = {}
    for address in addresses:
        page.goto(address)
        page.evaluate(axe)
        violations = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
        wrong = [f"{v['id']}: {node['html'][:120]}" for v in violations["violations"] for node in v["nodes"]]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append("wider than the window")
        if wrong:
            faults[address] = wrong
    assert faults == {}
