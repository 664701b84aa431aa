"""Every page of the three sites: no violation of WCAG 2.2 AA in light and dark, no complaint of the browser, no sideways
scrolling at 320 pixels, and little to load."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import HISTORY, PAGES
from tests.browser.people import person
from tests.browser.running import ROOT, Market

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser: pages")]

AXE = ROOT / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""What differs between light and dark."""
THEMES: tuple[tuple[Literal["light", "dark"], list[str]], ...] = (("light", RULES), ("dark", COLOURS))
MOST_BYTES = 150_000


@pytest.fixture(scope="module", autouse=True)
def _history(market: Market) -> None:
    market.history(*HISTORY)


@pytest.mark.parametrize("role", PAGES, ids=lambda role: role or "stranger")
def test_pages_are_accessible_in_light_and_dark_and_fit_a_small_phone(
    browser: Browser, market: Market, role: str
) -> None:
    faults: list[str] = []
    with person(browser, market, role, language="zh-hans") as reader:
        reader.page.emulate_media(reduced_motion="reduce")
        for name, view in PAGES[role].items():
            reader.look(view)
            reader.page.evaluate(AXE.read_text(encoding="utf-8"))  # by the debugger, past the page's policy
            for theme, rules in THEMES:
                reader.page.emulate_media(color_scheme=theme)
                expect(reader.page.locator("html")).to_have_attribute("data-bs-theme", theme)
                faults += [f"{name} ({theme}): {words}" for words in violations(reader.page, rules)]
            faults += [f"{name}: wider than 320 pixels: {what}" for what in too_wide(reader.page)]
    assert not faults, "\n".join(faults)
    assert market.faults() == []


def violations(page: Page, rules: list[str]) -> list[str]:
    found: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(r => r.violations)", rules
    )
    return [
        f"{one['id']}: {one['help']}: {node['target']} {node['any'][0]['message'] if node['any'] else ''}"
        for one in found
        for node in one["nodes"][:3]
    ]


def too_wide(page: Page) -> list[str]:
    """What sticks out at 320 pixels; empty when the page does not scroll sideways."""
    size = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 800})
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= 320 ? [] : [...document.querySelectorAll('body *')]
             .filter(e => e.getBoundingClientRect().right > 321)
             .slice(0, 3).map(e => e.tagName + '.' + e.className)"""
    )
    assert size is not None
    page.set_viewport_size(size)
    return found


def test_the_first_view_loads_little(browser: Browser, market: Market) -> None:
    with person(browser, market) as reader:
        bodies: dict[str, bytes] = {}
        reader.page.on(
            "response",
            lambda answer: bodies.update({answer.url: answer.body()}) if answer.url.endswith((".css", ".js")) else None,
        )
        reader.go("/")
        reader.page.wait_for_load_state("networkidle")
    sizes = {Path(url).name: len(gzip.compress(body)) for url, body in bodies.items()}
    print("\nfirst view, compressed:", sizes, sum(sizes.values()))  # noqa: T201  # the figure is the point
    assert {"tabler.min.css", "htmx.min.js", "tradepost.js"} <= sizes.keys()
    assert sum(sizes.values()) <= MOST_BYTES
    assert all(url.startswith(market.url) for url in bodies)
