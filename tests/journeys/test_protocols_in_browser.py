"""A license in a browser: shown on demand, hidden again, and saved as a file with the very same text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect, sync_playwright

from tests.factories import make_buyer, make_offer, make_order
from tests.factories.people import NOW
from tests.journeys.speaking import LICENSE, product_over
from tradepost.market.fulfilment.models import Delivery
from tradepost.market.fulfilment.plan import on_order_paid
from tradepost.market.orders.events import OrderPaid
from tradepost.market.subscriptions.lifecycle import activate

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("storefront-browser"),
]
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


def test_a_license_is_read_and_saved(browser: Browser, live_server: Any, tmp_path: Path) -> None:
    buyer = make_buyer()
    order = make_order(buyer, offer=make_offer(product_over("license_v1", "http://127.0.0.1:9/produce")), paid=True)
    on_order_paid(OrderPaid(order=order.number), NOW)
    held = Delivery.objects.select_related("subscription").get(line__order=order).subscription
    activate(held, None, license_text=LICENSE, started_at=NOW, expires_at=None, now=NOW)
    client = Client()
    client.force_login(buyer)
    context = browser.new_context(base_url=live_server.url)
    cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": "en"}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    page = context.new_page()

    page.goto(f"/services/{held.pk}/")
    shown = page.locator("[data-secret] code")
    expect(shown).to_have_text("••••••••")
    page.get_by_role("button", name="Show").click()
    expect(shown).to_contain_text("seats=25")
    assert shown.evaluate("code => code.textContent") == LICENSE
    page.get_by_role("button", name="Hide").click()
    expect(shown).to_have_text("••••••••")

    with page.expect_download() as saving:
        page.get_by_role("link", name="Download the license").click()
    saving.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == LICENSE.encode()
    assert saving.value.suggested_filename == f"license-{order.number}-000001.txt"
