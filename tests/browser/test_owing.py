"""Arrears of usage in the browser: the service is frozen, the buyer pays, it is usable again and more can be opened
(§4.4).
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, person
from tests.browser.running import Market
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]


@pytest.fixture(scope="module", autouse=True)
def _history(market: Market) -> None:
    market.history("use")


def _wait_for_status(somebody: Person, path: str, word: str) -> None:
    """Reload the page until it shows the word: the worker unfreezes the service."""
    until(lambda: word in _status(somebody, path), what=word, pause=0.2)


def _status(somebody: Person, path: str) -> str:
    somebody.go(path)
    return somebody.page.locator("#sf-status").inner_text()


def test_paid_arrears_make_the_service_usable_again(browser: Browser, market: Market) -> None:
    """business-rules §4.4: frozen at the end of the grace (V0: at once); paid in the retention, it is normal."""
    service, product = market.made["owed service"], market.made["used product"]
    with person(browser, market, "debtor") as debtor, person(browser, market, "operator") as operator:
        debtor.go("/charges/")
        expect(debtor.page.get_by_role("alert").filter(has_text="You owe ¥\xa05.00 for usage.")).to_be_visible()
        debtor.go(f"/checkout/{product}/")
        expect(debtor.page.get_by_role("button", name="Open it")).to_have_count(0)
        expect(debtor.page.get_by_role("link", name="Top up your balance")).to_be_visible()

        operator.go("/console/queue/?source=arrears")
        operator.page.get_by_role("link", name="Services of a buyer who owes are deleted soon").first.click()
        operator.page.locator("input[name=amount]").fill("20")
        operator.page.locator("input[name=reference]").fill("ICBC-OWED")
        operator.press("Check the top-up")
        operator.page.locator("main form button[name=confirmed]").click()
        expect(operator.page.locator("main")).to_contain_text("was added to the balance")

        _wait_for_status(debtor, f"/services/{service}/", "Active")
        debtor.go("/charges/")
        expect(debtor.page.get_by_text("for usage.")).to_have_count(0)
        debtor.go(f"/checkout/{product}/")
        debtor.page.locator("input[name=agreed]").check()
        debtor.press("Open it")
        expect(debtor.page).to_have_url(re.compile("/orders/CS"))
        operator.go("/console/queue/")
        expect(operator.page.get_by_text("Services of a buyer who owes")).to_have_count(0)
    assert market.faults() == []
