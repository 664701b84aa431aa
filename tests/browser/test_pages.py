"""Every page of the three sites: no violation of WCAG 2.2 AA in light and dark, no complaint of the browser, no
sideways scrolling at 320 pixels, the first row of a list on a phone's first screen, and a small page weight. Every link
leads to a page and every button has an effect, for every role.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import sampling
from tests.browser.every_button import broken_links, dead_buttons
from tests.browser.measuring import COARSE, DRAWN, FINE, NAMES, THEMES, invisible_focus, small_targets, violations
from tests.browser.pages import HISTORY, PAGES, ROW, View
from tests.browser.people import person
from tests.browser.running import Market
from tests.sampling import sample

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MAX_BYTES = 150_000
SHARE = 1 / 32
"""Share of the pages that a run checks, another for each test. There are more than four hundred, each takes some
seconds. What is on every page is checked on each.
"""
MANY = 40
"""Number of pages above which a role counts as one of those with most pages."""
PHONES = ((360, 640), (390, 844))
TABLET = (768, 1024)
PART_OF_A_ROW = 48
"""Pixels of a list's first row that a phone shows without scrolling."""
BEGINNINGS = {
    role: lists
    for role, pages in PAGES.items()
    if (lists := [(name, view) for name, view in pages.items() if view.lists])
}
"""Who opens which lists."""


def roles(question: str) -> list[str]:
    """Return the roles to check: half of them in CI, others for each test; all of them when the test is named and in a
    soak."""
    names = {f"{question} {role}": role for role in PAGES}
    drawn = sample(
        list(names),
        family=lambda name: len(PAGES[names[name]]) > MANY,
        share=1 / 2,
        everything=not sampling.GATE,
    )
    return [names[name] for name in drawn]


@pytest.fixture(scope="module", autouse=True)
def _history(market: Market) -> None:
    market.history(*HISTORY)


@pytest.mark.slow
@pytest.mark.parametrize("language", sample(["zh-hans", "en"], share=1 / 2))
@pytest.mark.parametrize("role", roles("axe"), ids=lambda role: role or "stranger")
def test_pages_are_accessible_in_light_and_dark_and_fit_a_small_phone(
    browser: Browser, market: Market, role: str, language: str
) -> None:
    faults: list[str] = []
    with person(browser, market, role, language=language) as reader:
        reader.page.emulate_media(reduced_motion="reduce")
        for name, view in sample(list(PAGES[role].items()), share=SHARE):
            reader.look(view)
            faults += [f"{name}: {words}" for words in faults_of(reader.page)]
            if view.lists:
                faults += [f"{name}: {words}" for words in starts_too_low(reader.page)]
    assert not faults, "\n".join(faults)
    assert market.faults() == []


def faults_of(page: Page) -> Iterator[str]:
    """Return every fault of the open page: light and dark, on a desktop, a tablet, a phone and paper."""
    yield from (f"its entry of the navigation is out of view: {link}" for link in hidden_in_navigation(page))
    for theme, rules in THEMES:
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        yield from (f"({theme}): {words}" for words in violations(page, rules))
    yield from small_targets(page, FINE)
    yield from invisible_focus(page)
    yield from (f"wider than 320 pixels: {what}" for what in too_wide(page))
    yield from (f"on paper: {what}" for what in print_faults(page))
    for size in (TABLET, PHONES[1]):
        with resized(page, *size):
            for theme, rules in THEMES:
                page.emulate_media(color_scheme=theme)
                yield from (f"({theme}, {size[0]} px): {words}" for words in violations(page, rules))
    with resized(page, *PHONES[1]):
        yield from (f"(phone): {words}" for words in [*violations(page, NAMES), *small_targets(page, COARSE)])


def too_wide(page: Page) -> list[str]:
    """Return the elements that stick out at 320 pixels; empty if the page does not scroll sideways."""
    with resized(page, 320, 800):
        found: list[str] = page.evaluate(
            """() => document.documentElement.scrollWidth <= 320 ? [] : [...document.querySelectorAll('body *')]
                 .filter(e => e.getBoundingClientRect().right > 321)
                 .slice(0, 3).map(e => e.tagName + '.' + e.className)"""
        )
    return found


def hidden_in_navigation(page: Page) -> list[str]:
    """issue 27, 2: the current entry is in view, also at the end of a list that is higher than the window."""
    found: list[str] = page.evaluate(
        """() => { scrollTo(0, 0); return [...document.querySelectorAll('.tp-side [aria-current]')].filter(e => e.checkVisibility())
             .filter(e => e.getBoundingClientRect().top < 0 || e.getBoundingClientRect().bottom > innerHeight).map(e => e.href); }"""
    )
    return found


def print_faults(page: Page) -> list[str]:
    """Return useless or missing elements on paper, and text that is not black although the screen is dark (issue 27,
    13: print styles)."""
    page.emulate_media(media="print")
    found: list[str] = page.evaluate(
        """() => {
          const all = selector => [...document.querySelectorAll(selector)];
          const shown = selector => all(selector).filter(e => e.checkVisibility());
          return [
            ...shown('.tp-top, .tp-side, .tp-row, .tp-crumbs, .tp-small-button, .btn'),
            ...shown('main *').filter(e => !e.closest('svg, option') && getComputedStyle(e).color !== 'rgb(0, 0, 0)'),
            ...shown('main .card-body:not(.p-0)').filter(e => parseFloat(getComputedStyle(e).paddingLeft) < 8),
            ...all('.tp-explained details > :not(summary)').filter(e => !e.checkVisibility()),
          ].slice(0, 3).map(e => e.tagName + '.' + e.className);
        }"""
    )
    page.emulate_media(media="screen")
    return found


def test_explanations_of_amounts_print_completely(browser: Browser, market: Market) -> None:
    with person(browser, market, "buyer") as buyer:
        for name in ("order-explained", "service-explained"):
            buyer.look(PAGES["buyer"][name])
            expect(buyer.page.locator(".tp-explained details:not([open])").first).to_be_visible()
            assert print_faults(buyer.page) == [], name
            buyer.page.emulate_media(media="print")
            with resized(buyer.page, 794, 1123):  # A4
                assert buyer.page.evaluate("document.documentElement.scrollWidth") <= 794, name
            buyer.page.emulate_media(media="screen")


@pytest.mark.slow
@pytest.mark.parametrize("role", BEGINNINGS, ids=lambda role: role or "stranger")
def test_lists_start_on_the_first_screen_of_a_phone_in_english(browser: Browser, market: Market, role: str) -> None:
    """English is the longer language: what fits in Chinese may be a line lower here."""
    faults: list[str] = []
    with person(browser, market, role) as reader:
        for name, view in sample(BEGINNINGS[role]):
            reader.look(view)
            faults += [f"{name}: {words}" for words in starts_too_low(reader.page)]
    assert not faults, "\n".join(faults)


def starts_too_low(page: Page) -> list[str]:
    """Return phones whose first screen does not show the first row of a list, and its position."""
    found: list[str] = []
    for width, height in PHONES:
        with resized(page, width, height):
            tops: list[float] = page.locator(ROW).evaluate_all(
                "rows => rows.map(row => row.getBoundingClientRect()).filter(box => box.height).map(box => box.top)"
            )
        top = round(min(tops, default=10**6))
        if top > height - PART_OF_A_ROW:
            found.append(f"its first row begins at {top} of the {height} pixels of a phone")
    return found


@contextmanager
def resized(page: Page, width: int, height: int) -> Iterator[None]:
    """Resize the window of the page, and restore its size afterwards."""
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(DRAWN)
    yield
    page.set_viewport_size(before)


def test_first_visit_transfers_few_bytes(browser: Browser, market: Market) -> None:
    """pages.md, *Weight*: the bytes that the browser received, headers included, as the market's own server sent them."""
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
    assert {"tabler", "theme", "htmx", "market"} <= names
    assert all(url.startswith((market.url, "data:")) for url in received)
    assert sum(received.values()) <= MAX_BYTES, received


@pytest.mark.slow
@pytest.mark.parametrize("role", roles("links"), ids=lambda role: role or "stranger")
def test_every_link_leads_to_a_page(browser: Browser, market: Market, role: str) -> None:
    with person(browser, market, role) as somebody:
        lost = broken_links(somebody, _sampled_pages(role, sampling.SEED + 1))
    assert not lost, "\n".join(lost)


# The last test, since it changes what the others check.
@pytest.mark.slow
@pytest.mark.parametrize("role", roles("buttons"), ids=lambda role: role or "stranger")
def test_every_button_has_an_effect(browser: Browser, market: Market, role: str) -> None:
    with person(browser, market, role) as somebody:
        dead = dead_buttons(somebody, _sampled_pages(role, sampling.SEED + 2), role)
    assert not dead, "\n".join(dead)
    assert market.faults() == []


def _sampled_pages(role: str, seed: int) -> dict[str, View]:
    return dict(sample(list(PAGES[role].items()), share=SHARE, seed=seed))
