"""Every page of the three sites: no violation of WCAG 2.2 AA in light and dark, no complaint of the browser, no sideways
scrolling at 320 pixels, the first row of a list on a phone's first screen, and little to load. Every link leads somewhere and
every button does something, for every role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import sampling
from tests.browser.every_button import dead_buttons, lost_links
from tests.browser.pages import HISTORY, PAGES, ROW, View
from tests.browser.people import person
from tests.browser.running import ROOT, Market
from tests.sampling import sample

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = ROOT / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""What differs between light and dark."""
THEMES: tuple[tuple[Literal["light", "dark"], list[str]], ...] = (("light", RULES), ("dark", COLOURS))
NAMES = ["label-content-name-mismatch"]
"""Named one by one, since axe calls it an experiment: who says the word that shows on a button presses it."""
MOST_BYTES = 150_000
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Once the page has heard of its new width: its menu closes then."""
SHARE = 1 / 32
"""Of the pages, that one run looks at, follows the links of, and presses the buttons of: another with each question. There are
more than four hundred, some seconds each. What stands on every page is tried in each."""
MANY = 40
"""Pages, of which those roles have more whom nearly everything is made for."""
PHONES = ((360, 640), (390, 844))
PART_OF_A_ROW = 48
"""Pixels of a list's first row that a phone shows before anybody scrolls."""
BEGINNINGS = {
    role: lists
    for role, pages in PAGES.items()
    if (lists := [(name, view) for name, view in pages.items() if view.lists])
}
"""Who looks at which lists."""


def roles(question: str) -> list[str]:
    """Return the roles to check: half of them in CI, others for each question; all of them when the test is named and in a soak."""
    names = {f"{question} {role}": role for role in PAGES}
    drawn = sample(
        list(names),
        family=lambda name: len(PAGES[names[name]]) > MANY,
        share=1 / 2,
        everything=not sampling.WHOLE_SUITE,
    )
    return [names[name] for name in drawn]


@pytest.fixture(scope="module", autouse=True)
def _history(market: Market) -> None:
    market.history(*HISTORY)


@pytest.mark.slow
@pytest.mark.parametrize("role", roles("axe"), ids=lambda role: role or "stranger")
def test_pages_are_accessible_in_light_and_dark_and_fit_a_small_phone(
    browser: Browser, market: Market, role: str
) -> None:
    faults: list[str] = []
    with person(browser, market, role, language="zh-hans") as reader:
        reader.page.emulate_media(reduced_motion="reduce")
        for name, view in sample(list(PAGES[role].items()), share=SHARE):
            reader.look(view)
            reader.page.evaluate(AXE.read_text(encoding="utf-8"))  # by the debugger, past the page's policy
            for theme, rules in THEMES:
                reader.page.emulate_media(color_scheme=theme)
                expect(reader.page.locator("html")).to_have_attribute("data-bs-theme", theme)
                faults += [f"{name} ({theme}): {words}" for words in violations(reader.page, rules)]
            faults += [f"{name}: wider than 320 pixels: {what}" for what in too_wide(reader.page)]
            with sized(reader.page, *PHONES[0]):
                faults += [f"{name} (phone): {words}" for words in violations(reader.page, NAMES)]
            if view.lists:
                faults += [f"{name}: {words}" for words in begins_too_low(reader.page)]
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
    with sized(page, 320, 800):
        found: list[str] = page.evaluate(
            """() => document.documentElement.scrollWidth <= 320 ? [] : [...document.querySelectorAll('body *')]
                 .filter(e => e.getBoundingClientRect().right > 321)
                 .slice(0, 3).map(e => e.tagName + '.' + e.className)"""
        )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("role", BEGINNINGS, ids=lambda role: role or "stranger")
def test_lists_begin_on_the_first_screen_of_a_phone_in_english_too(browser: Browser, market: Market, role: str) -> None:
    """English is the longer language: what fits in Chinese may stand a line lower here."""
    faults: list[str] = []
    with person(browser, market, role) as reader:
        for name, view in sample(BEGINNINGS[role]):
            reader.look(view)
            faults += [f"{name}: {words}" for words in begins_too_low(reader.page)]
    assert not faults, "\n".join(faults)


def begins_too_low(page: Page) -> list[str]:
    """Phones on whose first screen one does not see a list's first row, and where it stands there."""
    found: list[str] = []
    for width, height in PHONES:
        with sized(page, width, height):
            tops: list[float] = page.locator(ROW).evaluate_all(
                "rows => rows.map(row => row.getBoundingClientRect()).filter(box => box.height).map(box => box.top)"
            )
        top = round(min(tops, default=10**6))
        if top > height - PART_OF_A_ROW:
            found.append(f"its first row begins at {top} of the {height} pixels of a phone")
    return found


@contextmanager
def sized(page: Page, width: int, height: int) -> Iterator[None]:
    """The page in a window of this size, afterwards in its own again."""
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(DRAWN)
    yield
    page.set_viewport_size(before)


def test_the_first_visit_weighs_little_on_the_wire(browser: Browser, market: Market) -> None:
    """pages.md, *Weight*: what the browser received, heads included, as the market's own server sent it."""
    with person(browser, market) as reader:
        received: dict[str, int] = {}
        urls: dict[str, str] = {}
        network = reader.context.new_cdp_session(reader.page)
        network.on(
            "Network.requestWillBeSent", lambda event: urls.update({event["requestId"]: event["request"]["url"]})
        )
        network.on(
            "Network.loadingFinished",
            lambda event: received.update({urls[event["requestId"]]: int(event["encodedDataLength"])}),
        )
        network.send("Network.enable")
        reader.go("/")
        reader.page.wait_for_load_state("networkidle")
    names = {Path(url).name.partition(".")[0] for url in received}
    assert {"tabler", "theme", "htmx", "tradepost"} <= names
    assert all(url.startswith((market.url, "data:")) for url in received)
    assert sum(received.values()) <= MOST_BYTES, received


@pytest.mark.slow
@pytest.mark.parametrize("role", roles("links"), ids=lambda role: role or "stranger")
def test_every_link_leads_somewhere(browser: Browser, market: Market, role: str) -> None:
    with person(browser, market, role) as somebody:
        lost = lost_links(somebody, _drawn(role, sampling.SEED + 1))
    assert not lost, "\n".join(lost)


# The last, since they change what the others look at.
@pytest.mark.slow
@pytest.mark.parametrize("role", roles("buttons"), ids=lambda role: role or "stranger")
def test_every_button_does_something(browser: Browser, market: Market, role: str) -> None:
    with person(browser, market, role) as somebody:
        dead = dead_buttons(somebody, _drawn(role, sampling.SEED + 2), role)
    assert not dead, "\n".join(dead)
    assert market.faults() == []


def _drawn(role: str, seed: int) -> dict[str, View]:
    return dict(sample(list(PAGES[role].items()), share=SHARE, seed=seed))
