"""A person without a mouse: moves between controls by Tab and arrows, and checks that the focus is visible."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import Person

MAX_STOPS = 250
"""Number of Tab presses after which a control counts as unreachable."""
FOCUSED = "control => control === document.activeElement"
SHOWS = """() => {
  const control = document.activeElement, box = control.getBoundingClientRect();
  const near = [control, control.nextElementSibling, control.closest('label'), control.parentElement].filter(Boolean);
  const ringed = near.map(e => getComputedStyle(e)).some(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) || s.boxShadow !== 'none');
  const seen = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  const at = document.elementFromPoint(Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1),
                                       Math.min(Math.max(box.top + Math.min(box.height, 40) / 2, 1), innerHeight - 1));
  const covered = at && at !== control && !control.contains(at) && !at.contains(control) && !control.closest('label')?.contains(at) && !at.matches('label');
  return [!ringed && 'has no ring', !seen && 'is out of view', covered && `is covered by ${at.outerHTML.slice(0, 80)}`].filter(Boolean).join(', ');
}"""
"""WCAG 2.4.7 and 2.4.11: a focused control shows its focus, and nothing covers it."""


@dataclass
class Keyboard:
    """Keyboard use of ``person``'s page. No method uses the mouse or sets the focus. Smooth scrolling is off, so
    positions are final."""

    person: Person

    def __post_init__(self) -> None:
        self.page.emulate_media(reduced_motion="reduce")

    @property
    def page(self) -> Page:
        return self.person.page

    def skip(self) -> None:
        """Go past the header with the first link of the page, unless the page has already moved the focus to its
        result."""
        if self.page.evaluate("!!document.activeElement?.closest('main')"):
            return
        self.page.keyboard.press("Tab")
        expect(self.page.locator(".tp-skip").first).to_be_focused()
        self.page.keyboard.press("Enter")
        expect(self.page).to_have_url(re.compile("#main$"))

    def reach(self, target: Locator) -> None:
        """Press Tab until the control has the focus."""
        expect(target).to_be_visible()
        for _ in range(MAX_STOPS):
            if target.evaluate(FOCUSED):
                hidden = self.page.evaluate(SHOWS)
                assert not hidden, f"{self.page.url}: {target.evaluate('e => e.outerHTML')[:200]} {hidden}"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{self.page.url}: no Tab reaches {target}")

    def press(self, target: Locator, key: str = "Enter") -> None:
        self.reach(target)
        self.page.keyboard.press(key)

    def open(self, link: Locator) -> None:
        """Press a link to another page, and wait for that page."""
        before = self.page.url.partition("#")[0]
        self.press(link)
        expect(self.page).not_to_have_url(re.compile(f"^{re.escape(before)}(#.*)?$"))
        self.page.wait_for_load_state()

    def follow(self, link: Locator) -> None:
        """Open a link in ``main``, starting from the top of its page."""
        self.skip()
        self.open(link)

    def tick(self, box: Locator) -> None:
        self.press(box, "Space")
        expect(box).to_be_checked()

    def type(self, field: Locator, text: str) -> None:
        """Replace the text of the field."""
        self.reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        expect(field).to_have_value(text)

    def choose(self, name: str, value: str) -> None:
        """Choose a radio button: Tab moves to the group, arrows move within it."""
        group = self.page.locator(f'main [type=radio][name="{name}"]')
        for _ in range(MAX_STOPS):
            if self.page.evaluate("name => document.activeElement.name === name", name):
                break
            self.page.keyboard.press("Tab")
        wanted = group.and_(self.page.locator(f'[value="{value}"]'))
        self.page.keyboard.press("Space")
        for _ in range(group.count()):
            if wanted.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{self.page.url}: no arrow chooses {value} of {name}")
