"""A license in a browser: shown on demand, hidden again, and saved as a file with the same text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.saving import read_download
from tests.factories import make_buyer, make_offer, make_order
from tests.factories.people import NOW
from tests.journeys.speaking import LICENSE, product_over
from tests.market.engine import answer, react
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
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


@pytest.mark.slow
def test_license_is_shown_hidden_and_saved(browser: Browser, live_server: Any) -> None:
    buyer = make_buyer()
    order = make_order(buyer, offer=make_offer(product_over("license_v1", "http://127.0.0.1:9/produce")), paid=True)
    react(now=NOW)
    answer(Call.objects.get(), Done(license=LICENSE, instance_id="license-1"), now=NOW)
    react(now=NOW)
    held = Subscription.objects.get(order_lines__order=order)
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
    assert read_download(saving.value) == LICENSE.encode()
    assert saving.value.suggested_filename == f"license-{order.number}-000001.txt"
