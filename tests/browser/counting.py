"""Services on demand in the browser: their seller reports usage through the API while the market's clock is advanced."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.people import Person
from tests.browser.running import Market
from tests.waiting import until
from tradepost.kit.client import MarketClient
from tradepost.kit.usage import UsageOutbox

WITHIN = 60.0
HOUR = timedelta(hours=1)


def usage_of(market: Market, folder: Path) -> Usage:
    access_key, secret_key = market.made["access_key"], market.made["secret_key"]
    client = MarketClient(market.url, access_key, secret_key, base_key=market.made["signing_key"], timeout=60)
    return Usage(market, client, UsageOutbox(folder / "usage.db", client.push_usage))


class Usage:
    """Usage that the seller's own server reports."""

    def __init__(self, market: Market, client: MarketClient, outbox: UsageOutbox) -> None:
        self.market, self.client, self.outbox = market, client, outbox

    def now(self) -> datetime:
        return self.client.market_time()

    def report(self, instance: str, value: str, *, package: str = "") -> None:
        """Report usage of the next hour, and wait for the next collection."""
        begins = self.now().replace(microsecond=0) + timedelta(seconds=2)
        self.market.clock_advance("1h")
        self.outbox.add(
            instance, begins_at=begins, ends_at=begins + HOUR / 2, value=Decimal(value), now=self.now(), package_id=package
        )  # fmt: skip
        assert self.outbox.push(now=self.now()).accepted == 1
        self.market.clock_advance("1h")


def buy(buyer: Person, plan: str) -> str:
    """Choose, order, and pay if it costs something. Return the path of the service."""
    buyer.go(f"/checkout/{buyer.market.made['counted product']}/?plan={plan}")
    buyer.page.locator("#agreed").check()
    buyer.press("Open it" if plan == "ON_DEMAND-" else "Place the order")
    expect(buyer.page).to_have_url(re.compile("/orders/CS"))
    if plan != "ON_DEMAND-":
        buyer.press("Pay")
    opened = buyer.page.get_by_role("link", name="Open the service").first
    expect(opened).to_be_visible(timeout=WITHIN * 1000)
    return str(opened.get_attribute("href"))


def instance_of(buyer: Person, path: str) -> str:
    buyer.go(path)
    return buyer.page.locator('main dt:text-is("Instance") + dd code').inner_text()


def wait_until_shown(buyer: Person, path: str, word: str) -> None:
    def shown() -> bool:
        buyer.go(path)
        return word in buyer.page.locator("main").inner_text()

    until(shown, what=word, pause=0.3)
