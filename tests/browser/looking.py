"""Check a page on a desktop, a tablet and a phone, light and dark, unfolded and with each of its dialogs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from tests.browser.measuring import (
    COARSE,
    DRAWN,
    FINE,
    NAMES,
    RULES,
    THEMES,
    UNFOLD,
    dialogs_of,
    invisible_focus,
    open_dialog,
    small_targets,
    violations,
)
from tests.browser.rendered import Rendered, show

DESKTOP, TABLET, PHONE = (1280, 900), (768, 1024), (390, 844)
LOOKS = 5
"""For each page in each language: a desktop and a phone, light and dark, and a tablet."""


@dataclass(frozen=True, slots=True)
class Windows:
    """``touched``: a phone, which becomes a tablet by its size. Its pointer is coarse."""

    desktop: Page
    touched: Page

    def faults(self, rendered: Rendered, language: str, fragments: dict[str, str]) -> Iterator[str]:
        """Yield every fault of the page in this language."""
        for page, least in ((self.desktop, FINE), (self.touched, COARSE)):
            page.emulate_media(color_scheme="light")
            show(page, rendered, language, fragments)
            page.evaluate(UNFOLD)
            width = page.evaluate("innerWidth")
            for found in _faults_of_view(page, least):
                yield f"{rendered.name}, {language}, {width} px{found}"
        self.touched.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
        self.touched.emulate_media(color_scheme="light")
        self.touched.evaluate(DRAWN)
        for found in [*violations(self.touched, RULES), *small_targets(self.touched, COARSE), *wider(self.touched)]:
            yield f"{rendered.name}, {language}, {TABLET[0]} px: {found}"
        self.touched.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})


def _faults_of_view(page: Page, least: int) -> Iterator[str]:
    parts = ["", *dialogs_of(page)]
    for part in parts:
        open_dialog(page, part)
        where = f", {part}" if part else ""
        for theme, rules in THEMES:
            page.emulate_media(color_scheme=theme)
            yield from (f"{where}, {theme}: {found}" for found in violations(page, rules, part))
        page.emulate_media(color_scheme="light")
        yield from (f"{where}: {found}" for found in small_targets(page, least))
        if least == COARSE:
            yield from (f"{where}: {found}" for found in violations(page, NAMES, part))
        else:
            yield from (f"{where}: {found}" for found in invisible_focus(page))
    open_dialog(page, "")
    yield from (f": {found}" for found in wider(page))


def wider(page: Page) -> list[str]:
    """Return the elements that make the page scroll sideways."""
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
             .filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.tagName + '.' + e.className)"""
    )
    return [f"wider than the window: {element}" for element in found]


@contextmanager
def windows(browser: Browser) -> Iterator[Windows]:
    """Open the windows of a browser, without animations."""
    desktop = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, reduced_motion="reduce")
    touched = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, reduced_motion="reduce", has_touch=True, is_mobile=True
    )
    try:
        yield Windows(desktop.new_page(), touched.new_page())
    finally:
        desktop.close()
        touched.close()
