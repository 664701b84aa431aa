"""A file is uploaded to the asset center in parts, and continues where it stopped when its tab was closed (issue 10)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.people import person
from tests.browser.running import Market
from tests.market.assets.archives import noise, zipped

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]
PIECE = 8 * 1024 * 1024


def test_upload_continues_after_its_tab_was_closed(browser: Browser, market: Market, tmp_path: Path) -> None:
    file = tmp_path / "agent.zip"
    file.write_bytes(zipped({"agent": noise(2 * PIECE)}))
    sent: list[str] = []

    def only_the_first(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.append(route.request.headers["upload-offset"])
            if len(sent) == 2:
                return  # no response: the connection is dead
        route.continue_()

    with person(browser, market, "seller") as seller:
        seller.go("/seller/assets/")
        page = seller.context.new_page()
        page.goto(seller.page.url)
        page.get_by_role("button", name="New asset").click()
        page.get_by_label("Name of the asset").fill("Agent of a closed tab")
        page.get_by_label("Software package").check()
        page.get_by_role("button", name="Create the asset").click()
        expect(page.get_by_role("heading", name="Add the first version")).to_be_visible()
        address = page.url
        page.context.route("**/uploads/**", only_the_first)
        page.get_by_label("Version", exact=True).fill("1.0")
        page.get_by_label("File", exact=True).set_input_files(file)
        page.get_by_role("button", name="Upload").click()
        for _ in range(200):
            if len(sent) == 2:
                break
            page.wait_for_timeout(50)
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        again = page.context.new_page()
        page.close()
        page.context.unroute("**/uploads/**")
        again.goto(address)
        expect(again.get_by_role("cell", name="MB of 16.0 MB")).to_be_visible()
        again.on(
            "request",
            lambda request: sent.append(request.headers["upload-offset"]) if request.method == "PATCH" else None,
        )
        again.get_by_label("Version", exact=True).fill("1.0")
        again.get_by_label("File", exact=True).set_input_files(file)
        again.get_by_role("button", name="Upload").click()
        expect(again.locator("#asset-versions")).to_contain_text("agent.zip", timeout=90_000)
        assert sent[:2] == ["0", str(PIECE)]
        assert int(sent[2]) >= PIECE, "what came is not sent twice"
        expect(again.locator("#asset-versions")).to_contain_text("Not scanned", timeout=90_000)
