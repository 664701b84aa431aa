"""Check that every link of some pages leads to a page and every button has an effect. ``test_pages`` uses it in its
market.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Error, Page

from tests.browser.pages import View
from tests.browser.people import Person

EFFECT_TIMEOUT = 30.0
"""Seconds in which a click must have an effect."""

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
    """Index among all buttons of its page."""
    what: str
    dialog: str
    asks: bool


def broken_links(somebody: Person, pages: Mapping[str, View]) -> list[str]:
    """Return the links that lead nowhere. One of each kind of address is followed."""
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
    """Return the buttons that change nothing when clicked. One of each kind is clicked."""
    dead: list[str] = []
    pressed: set[str] = set()
    for name, view in pages.items():
        if not _reopen(somebody, view, role):
            continue
        # Buttons that sign out are clicked last; the next one signs the person in again.
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
    """Return the kind of an address, without its numbers and names. Buttons that lead there have the same kind."""
    kind = re.sub(r"CS\d{10}\w+(-\d+)?|[0-9a-f]{32}|TP[0-9A-Z]{10,}|\d+", "*", text)
    return re.sub(r"/products/[\w-]+/", "/products/*/", kind)


def _buttons(page: Page) -> list[Button]:
    found: list[dict[str, Any]] = page.evaluate(FIND_BUTTONS)
    return [
        Button(place, one["what"], one["dialog"], one["asks"]) for place, one in enumerate(found) if not one["disabled"]
    ]


def _works(somebody: Person, view: View, button: Button, role: str) -> bool:
    """Click the button on the current page. A button that is gone was used up by an earlier click."""
    page = somebody.page
    if not _reopen(somebody, view, role):
        return True
    again = next((one for one in _buttons(page) if _kind_of(one.what) == _kind_of(button.what)), None)
    if again is None:
        return True
    own = f'dialog[id="{again.dialog}"]'
    if page.locator(f"dialog[open]:not({own})").count():
        page.keyboard.press("Escape")  # the dialog of this view covers the rest of its page
    if again.dialog and not page.locator(f"{own}[open]").count():
        page.locator(f'[data-dialog="{again.dialog}"]').first.click()
    target = page.locator("button, summary").nth(again.place)
    if not again.what.startswith("SUMMARY"):
        target.evaluate(UNFOLD)
    if not target.is_visible():
        return True  # such as the "Hide" of a secret before it is shown
    before = page.evaluate(STATE)
    target.click()
    return again.asks or _changes(page, before)


def _reopen(somebody: Person, view: View, role: str) -> bool:
    """Open the view. Return False if an earlier click used up its object, such as an order that is now paid."""
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
    end = time.monotonic() + EFFECT_TIMEOUT
    while time.monotonic() < end:
        try:
            if page.evaluate(STATE) != before:
                return True
        except Error:  # the page is navigating, which is a change
            page.wait_for_load_state()
            return True
        page.wait_for_timeout(25)
    return False
