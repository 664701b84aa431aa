"""A company registers in a browser: from the store's footer to the seller center, rejected once with a reason (must
show 1).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import person
from tests.browser.running import Market
from tests.browser.typing_company import fill, send, tick_quickly
from tests.factories.pictures import picture_file

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]


def test_company_is_rejected_corrects_and_is_admitted(browser: Browser, market: Market, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(picture_file(width=336, height=140))
    with person(browser, market, "buyer") as buyer, person(browser, market, "operator") as operator:
        buyer.go("/")
        buyer.page.locator("footer").get_by_role("link", name="Sell on this store").click()
        buyer.press("Start the application")
        tick_quickly(buyer)
        fill(buyer, market, logo)
        send(buyer)
        number = buyer.page.url.rstrip("/").rpartition("/")[2]
        expect(buyer.page.locator("#submission-state")).to_contain_text(
            "An operator decides it by"
        )  # without a reload by the person

        operator.go("/console/reviews/")
        operator.page.locator("[data-keys] tbody a").first.focus()
        operator.page.keyboard.press("Enter")
        operator.press("Reject")
        operator.page.locator("[name=reason_presence]").fill("The logo is blurred.")
        operator.press("Reject", operator.page.locator("#c-reject"))
        expect(operator.page.locator("h1")).to_contain_text("Rejected")

        buyer.go(f"/seller/submissions/{number}/")
        expect(buyer.page.locator("main")).to_contain_text("The logo is blurred.")
        buyer.press("Correct and submit again")
        expect(buyer.page.locator("main")).to_contain_text("Operator's comment:")
        send(buyer)
        expect(buyer.page.locator("#submission-state")).to_contain_text("An operator decides it by")

        operator.go(f"/console/reviews/{buyer.page.url.rstrip('/').rpartition('/')[2]}/")
        expect(operator.page.locator("aside")).to_contain_text("The logo is blurred.")
        for box in operator.page.locator("[name=checklist]").all():
            box.check()
        operator.press("Approve")
        expect(operator.page.locator("h1")).to_contain_text("Approved")

        buyer.go("/seller/company/")
        expect(buyer.page.locator("h1")).to_contain_text("Active")
        expect(buyer.page.locator("main")).to_contain_text("The business certification is missing")
    assert market.faults() == []
