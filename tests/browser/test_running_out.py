"""Issue 13, "Must show" 1, at the browser, by moving the clock: a package runs out, what is owed freezes and is paid; a package that
stops its service does; a period image ends under a running server, which is billed by the hour from then on."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.counting import Usage, becomes, bought, instance_of, usage_of
from tests.browser.people import Person, person
from tests.browser.running import Market

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]


@pytest.fixture(scope="module", autouse=True)
def _history(market: Market) -> None:
    market.history("runs_out")


@pytest.fixture
def usage(market: Market, tmp_path: Path) -> Usage:
    return usage_of(market, tmp_path)


def topped_up(operator: Person, amount: str) -> None:
    operator.go("/console/queue/?source=arrears")
    operator.page.get_by_role("link", name="Services of a buyer who owes are deleted soon").first.click()
    operator.page.locator("input[name=amount]").fill(amount)
    operator.page.locator("input[name=reference]").fill("ICBC-RAN-OUT")
    operator.press("Check the top-up")
    operator.page.locator("main form button[name=confirmed]").click()
    expect(operator.page.locator("main")).to_contain_text("was added to the balance")


def test_a_package_runs_out_what_is_owed_freezes_and_a_package_that_stops_stops(
    browser: Browser, market: Market, usage: Usage
) -> None:
    """business-rules §3.2, §4.4: V0 has no grace; paid in the retention, it is normal."""
    with person(browser, market, "debtor") as debtor, person(browser, market, "operator") as operator:
        service = bought(debtor, "ON_DEMAND-")
        instance = instance_of(debtor, service)
        package = bought(debtor, "ON_DEMAND_PKG-month-5")
        usage.report(instance, "8")
        becomes(debtor, service, "Frozen")
        becomes(debtor, f"{package}package/", "Used up.")
        debtor.go("/charges/")
        expect(debtor.page.get_by_role("alert").filter(has_text="¥\xa01.00 is owed for usage.")).to_be_visible()
        topped_up(operator, "61")
        becomes(debtor, service, "Active")

        stopping = bought(debtor, "ON_DEMAND_PKG-month-4")
        usage.report(instance, "6", package=instance_of(debtor, stopping))
        becomes(debtor, service, "Nothing is left of its package, so it has stopped")
        bought(debtor, "ON_DEMAND_PKG-month-4")
        becomes(debtor, service, "Active")
    assert market.faults() == []


def test_a_period_image_ends_under_a_running_server(browser: Browser, market: Market, usage: Usage) -> None:
    """business-rules §5: "if not renewed and the server keeps running … otherwise billed on-demand"."""
    with person(browser, market, "buyer") as buyer:
        buyer.go(f"/servers/new/{market.made['image hourly']}/")
        buyer.page.locator("#name").fill("web-1")
        buyer.page.locator("#agreed").check()
        buyer.press("Start from this image")
        expect(buyer.page).to_have_url(re.compile("/orders/CS"))
        becomes(buyer, "/servers/", "Running")
        buyer.page.locator("main").get_by_role("link", name="web-1", exact=True).click()
        server = buyer.page.url.removeprefix(market.url)
        buyer.go(f"/servers/images/new/{market.made['image monthly']}/")
        buyer.page.locator("[name=agreed]").check()
        buyer.press("Place the order")
        began = usage.now()
        buyer.press("Pay")
        becomes(buyer, server, "by a period image")
        buyer.press("Stop")
        becomes(buyer, server, "Stopped")
        market.clock_advance(f"{_minutes(began, -90)}m")
        buyer.go(server)
        buyer.press("Start")
        becomes(buyer, server, "Running")
        market.clock_advance("240m")
        becomes(buyer, server, "the hour")
        expect(buyer.page.locator("main").get_by_text("the hour", exact=True).first).to_be_visible()
        expect(buyer.page.locator("main").get_by_text("period image", exact=True).first).to_be_visible()
    assert market.faults() == []


def _minutes(began: datetime, more: int) -> int:
    """Until a month from then, as the market's zone counts it."""
    from zoneinfo import ZoneInfo

    local = began.astimezone(ZoneInfo("Asia/Shanghai"))
    year, month = divmod(local.month, 12)
    following = local.replace(year=local.year + year, month=month + 1, day=min(local.day, 28))
    days = (following - local).days + local.day - min(local.day, 28)
    return days * 24 * 60 + more
