"""Whether every link of some pages leads somewhere, and every button does something. ``test_pages`` asks, in its own market."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Error, Page

from tests.browser.pages import View
from tests.browser.people import Person

WITHIN = 30.0
"""Seconds in which a press must show."""

FIND_LINKS = """() => [...document.querySelectorAll('a[href]')].map(a => [a.getAttribute('href'), a.href])"""
FIND_BUTTONS = """() => [...document.querySelectorAll('button, summary')].map(b => {
  const dialog = b.closest('dialog'), form = b.form;
  return {
    what: [b.tagName, b.textContent.trim() || b.getAttribute('aria-label') || '', form ? form.getAttribute('action') || '' : '',
           b.name, b.value, b.dataset.dialog || '', b.closest('main') ? 'main' : 'frame'].join('|').replace(/\\s+/g, ' '),
    dialog: dialog ? dialog.id : '',
    disabled: b.disabled,
    // Whether the browser would first ask for what is missing: that is an answer too.
    asks: !!form && b.type === 'submit' && !form.checkValidity(),
  };
})"""
STATE = "() => location.href + document.documentElement.outerHTML"
UNFOLD = "b => { for (let d = b.closest('details'); d; d = d.parentElement.closest('details')) d.open = true; }"


@dataclass(frozen=True, slots=True)
class Button:
    place: int
    """Among all buttons of its page."""
    what: str
    dialog: str
    asks: bool


def lost_links(somebody: Person, pages: Mapping[str, View]) -> list[str]:
    """Those that lead nowhere; each kind of address is followed once."""
    lost: list[str] = []
    seen: set[str] = set()
    for name, view in pages.items():
        somebody.look(view)
        for written, whole in somebody.page.evaluate(FIND_LINKS):
            if written.startswith("#"):
                if not somebody.page.locator(f'[id="{written[1:]}"]').count():
                    lost.append(f"{name}: nothing has the id {written}")
            elif whole.startswith(somebody.market.url) and _kind_of(whole) not in seen:
                seen.add(_kind_of(whole))
                answer = somebody.page.request.get(whole.partition("#")[0])
                if answer.status >= 400:
                    lost.append(f"{name}: {written}: {answer.status}")
    assert len(seen) > 1
    return lost


def dead_buttons(somebody: Person, pages: Mapping[str, View], role: str) -> list[str]:
    """Those that change nothing when they are pressed; each kind is pressed once."""
    dead: list[str] = []
    pressed: set[str] = set()
    for name, view in pages.items():
        if not _come_back(somebody, view, role):
            continue
        # What leaves the session comes in last, and the next button finds its person logged in again.
        found = sorted(_buttons(somebody.page), key=lambda button: "/account/logout/" in button.what)
        for button in found:
            if _kind_of(button.what) in pressed:
                continue
            pressed.add(_kind_of(button.what))
            if not _works(somebody, view, button, role):
                dead.append(f"{name}: {button.what}")
    assert len(pressed) > 2
    return dead


def _kind_of(text: str) -> str:
    """Addresses that differ in numbers and names alone are of one kind; so are the buttons that lead there."""
    kind = re.sub(r"CS\d{10}\w+(-\d+)?|[0-9a-f]{32}|TP[0-9A-Z]{10,}|\d+", "*", text)
    return re.sub(r"/products/[\w-]+/", "/products/*/", kind)


def _buttons(page: Page) -> list[Button]:
    found: list[dict[str, Any]] = page.evaluate(FIND_BUTTONS)
    return [
        Button(place, one["what"], one["dialog"], one["asks"]) for place, one in enumerate(found) if not one["disabled"]
    ]


def _works(somebody: Person, view: View, button: Button, role: str) -> bool:
    """Press it on the page as it is now; what is no longer there was used up by an earlier press."""
    page = somebody.page
    if not _come_back(somebody, view, role):
        return True
    again = next((one for one in _buttons(page) if _kind_of(one.what) == _kind_of(button.what)), None)
    if again is None:
        return True
    own = f'dialog[id="{again.dialog}"]'
    if page.locator(f"dialog[open]:not({own})").count():
        page.keyboard.press("Escape")  # the dialog that this view shows covers the rest of its page
    if again.dialog and not page.locator(f"{own}[open]").count():
        page.locator(f'[data-dialog="{again.dialog}"]').first.click()
    target = page.locator("button, summary").nth(again.place)
    if not again.what.startswith("SUMMARY"):
        target.evaluate(UNFOLD)
    if not target.is_visible():
        return True  # the "Hide" of a secret before it was shown, say
    before = page.evaluate(STATE)
    target.click()
    return again.asks or _changes(page, before)


def _come_back(somebody: Person, view: View, role: str) -> bool:
    """Open the view; False when an earlier press used up what it begins with: the order was paid, say."""
    somebody.page.goto(f"{somebody.market.url}{view.path.format_map(somebody.market.made)}")
    if role and not somebody.page.locator("summary.tp-tool").count():
        somebody.page.context.clear_cookies()
        somebody.log_in(role)
        somebody.page.goto(f"{somebody.market.url}{view.path.format_map(somebody.market.made)}")
    if view.press and not somebody.page.locator(view.press).count():
        return False
    view.act(somebody.page)
    return True


def _changes(page: Page, before: str) -> bool:
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        try:
            if page.evaluate(STATE) != before:
                return True
        except Error:  # the page is being left, which is a change
            page.wait_for_load_state()
            return True
        page.wait_for_timeout(25)
    return False
