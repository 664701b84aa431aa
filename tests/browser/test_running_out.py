"""Issue 13, "Must show" 1, in the browser, by moving the clock: a package is used up, arrears freeze the service and
are paid; a package that stops its service does so; a period image ends under a running server, which is billed by the
hour from then on.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.counting import Usage, buy, instance_of, usage_of, wait_until_shown
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


def test_used_up_package_causes_arrears_or_stops_its_service(browser: Browser, market: Market, usage: Usage) -> None:
    """business-rules §3.2, §4.4: V0 has no grace; paid in the retention, it is normal."""
    with person(browser, market, "debtor") as debtor, person(browser, market, "operator") as operator:
        service = buy(debtor, "ON_DEMAND-")
        instance = instance_of(debtor, service)
        package = buy(debtor, "ON_DEMAND_PKG-month-5")
        usage.report(instance, "8")
        wait_until_shown(debtor, service, "Frozen")
        wait_until_shown(debtor, f"{package}package/", "Used up.")
        debtor.go("/charges/")
        expect(debtor.page.get_by_role("alert").filter(has_text="You owe ¥\xa01.00 for usage.")).to_be_visible()
        topped_up(operator, "61")
        wait_until_shown(debtor, service, "Active")

        stopping = buy(debtor, "ON_DEMAND_PKG-month-4")
        usage.report(instance, "6", package=instance_of(debtor, stopping))
        wait_until_shown(debtor, service, "The package is used up, so the service has stopped")
        buy(debtor, "ON_DEMAND_PKG-month-4")
        wait_until_shown(debtor, service, "Active")
    assert market.faults() == []


def test_period_image_ends_under_a_running_server(browser: Browser, market: Market, usage: Usage) -> None:
    """business-rules §5: "if not renewed and the server keeps running … otherwise billed on-demand"."""
    with person(browser, market, "buyer") as buyer:
        buyer.go(f"/servers/new/{market.made['image hourly']}/")
        buyer.page.locator("#name").fill("web-1")
        buyer.page.locator("#agreed").check()
        buyer.press("Start from this image")
        expect(buyer.page).to_have_url(re.compile("/orders/CS"))
        wait_until_shown(buyer, "/servers/", "Running")
        buyer.page.locator("main").get_by_role("link", name="web-1", exact=True).click()
        server = buyer.page.url.removeprefix(market.url)
        buyer.go(f"/servers/images/new/{market.made['image monthly']}/")
        buyer.page.locator("[name=agreed]").check()
        buyer.press("Place the order")
        began = usage.now()
        buyer.press("Pay")
        wait_until_shown(buyer, server, "by a period image")
        buyer.press("Stop")
        wait_until_shown(buyer, server, "Stopped")
        market.clock_advance(f"{_minutes_until_next_month(began, -90)}m")
        buyer.go(server)
        buyer.press("Start")
        wait_until_shown(buyer, server, "Running")
        market.clock_advance("240m")
        wait_until_shown(buyer, server, "the hour")
        expect(buyer.page.locator("main").get_by_text("the hour", exact=True).first).to_be_visible()
        expect(buyer.page.locator("main").get_by_text("period image", exact=True).first).to_be_visible()
    assert market.faults() == []


def _minutes_until_next_month(began: datetime, more: int) -> int:
    """Return the minutes until a month from then, in the market's time zone."""
    from zoneinfo import ZoneInfo

    local = began.astimezone(ZoneInfo("Asia/Shanghai"))
    year, month = divmod(local.month, 12)
    following = local.replace(year=local.year + year, month=month + 1, day=min(local.day, 28))
    days = (following - local).days + local.day - min(local.day, 28)
    return days * 24 * 60 + more
