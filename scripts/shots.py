"""Takes a picture of every page of the three sites, in both languages, light and dark, phone and desktop, into shots/.

Starts a separate market with a sample seller and history: delivered, unpaid, failed, stopped and refunded orders,
usage, a frozen service. tests/browser/pages.py lists the pages; error pages and the sample seller's own are included.
Arguments select pictures by their names: ``make shots ARGS='order keys'``, ``ARGS=zh-dark-phone``.

``make shots ARGS=readme`` instead takes the pictures of the two README files, into docs/pictures/.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

    from tests.browser.pages import View
    from tests.browser.running import Market

type Theme = Literal["light", "dark"]

SHOTS = ROOT / "shots"
LANGUAGES = {"zh": "zh-hans", "en": "en"}
THEMES: tuple[Theme, ...] = ("light", "dark")
SIZES = {"phone": (360, 740), "desktop": (1280, 800)}
BROKEN = {
    "error-403": "403.html",
    "error-500": "500.html",
    "error-503": "503.html",
    "error-refused": "web/refused.html",
}
"""Pages without an address, shown as history.py creates them."""
OFFICE, OFFICE_OF = "sample-office", ("license_online", "joint_kit_v2")
"""The sample seller's staff page, and the protocols that fill it."""
README, PICTURES = "readme", ROOT / "docs" / "pictures"
IN_README: dict[str, tuple[str, str, Theme]] = {
    "store": ("", "store", "light"),
    "order": ("buyer", "order-completed", "light"),
    "seller-center": ("seller", "seller-products", "dark"),
    "console": ("operator", "console-queue", "dark"),
}
"""Picture of the README files → role, page and theme."""
QUALITY, MAX_BYTES = 80, 600_000
"""Of WebP; maximum bytes of all pictures of a README together."""


@dataclass(frozen=True, slots=True)
class Look:
    """A combination of language, theme and width."""

    language: str
    theme: Theme
    size: str

    def name(self, page: str) -> str:
        return f"{page}-{self.language}-{self.theme}-{self.size}"


type Chosen = dict[str, list[tuple[Look, dict[str, View]]]]
"""Role → look → pages."""


def looks() -> Iterator[Look]:
    for language in LANGUAGES:
        for theme in THEMES:
            for size in SIZES:
                yield Look(language, theme, size)


def main() -> int:
    from tests.browser.pages import MORE, PAGES
    from tests.machine import find_chromium

    chromium = find_chromium()
    if chromium is None:
        print("Pictures need chromium, which is not installed.")
        return 1
    if sys.argv[1:] == [README]:
        return _readme(chromium)
    words = sys.argv[1:] or [""]
    chosen = {
        role: [
            (
                look,
                {name: view for name, view in (pages | MORE.get(role, {})).items() if _is_selected(look, name, words)},
            )
            for look in looks()
        ]
        for role, pages in PAGES.items()
    }
    SHOTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="tradepost-shots-"))
    try:
        _take_all(folder, chromium, chosen, words)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _readme(chromium: str) -> int:
    """Take the first screen of four pages in each language, as WebP."""
    from tests.browser import running
    from tests.browser.pages import HISTORY, MORE, MORE_HISTORY, PAGES
    from tests.browser.people import browsing

    folder, too_large = Path(tempfile.mkdtemp(prefix="tradepost-shots-")), False
    try:
        with running.market(folder) as market, browsing(chromium) as browser:
            market.history(*HISTORY, *MORE_HISTORY)
            for language in LANGUAGES:
                sizes = []
                for name, (role, page, theme) in IN_README.items():
                    view = (PAGES[role] | MORE.get(role, {}))[page]
                    session = _log_in(browser, market, role) if role else []
                    picture = _first_screen(browser, market, view, Look(language, theme, "desktop"), session)
                    sizes.append(_save(picture, PICTURES / language / f"{name}.webp"))
                too_large |= sum(sizes) > MAX_BYTES
                print(f"{language}: {len(sizes)} pictures, {sum(sizes):,} bytes of at most {MAX_BYTES:,}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return int(too_large)


def _first_screen(browser: Browser, market: Market, view: View, look: Look, session: list[Any]) -> bytes:
    context = _context(browser, look)
    chosen = {"django_language": LANGUAGES[look.language], "theme": look.theme}
    context.add_cookies([*session, *(_cookie(market, name, value) for name, value in chosen.items())])
    page = context.new_page()
    page.goto(market.url + view.path.format_map(market.made))
    view.act(page)
    _load_images(page)
    picture = page.screenshot()
    context.close()
    return picture


def _save(picture: bytes, file: Path) -> int:
    from PIL import Image

    file.parent.mkdir(parents=True, exist_ok=True)
    Image.open(BytesIO(picture)).convert("RGB").save(file, "WEBP", quality=QUALITY, method=6)
    return file.stat().st_size


def _is_selected(look: Look, name: str, words: list[str]) -> bool:
    return any(word in look.name(name) for word in words)


def _take_all(folder: Path, chromium: str, chosen: Chosen, words: list[str]) -> None:
    from tests.browser import running
    from tests.browser.pages import HISTORY, MORE_HISTORY
    from tests.browser.people import browsing

    begun, done = time.monotonic(), 0
    print("Starting a market with some history …", flush=True)
    with running.market(folder) as market, browsing(chromium) as browser:
        market.history(*HISTORY, *MORE_HISTORY, "broken")
        seen_by_itself = any(_is_selected(look, OFFICE, words) for look in looks())
        office = market.start_office(*OFFICE_OF) if seen_by_itself else ""
        for look in looks():
            done += _take_others(browser, market, office, look, words)
        for role, seen in chosen.items():
            if not any(pages for _look, pages in seen):
                continue
            session = _log_in(browser, market, role)
            for look, pages in seen:
                _take(browser, market, pages, look, session)
                done += len(pages)
                who = role or "stranger"
                print(f"{done:>4}  {who} {look.language} {look.theme} {look.size}", flush=True)
    print(f"{done} pictures in {SHOTS.relative_to(ROOT)}{os.sep} after {time.monotonic() - begun:.0f} s")


def _log_in(browser: Browser, market: Market, role: str) -> list[Any]:
    from tests.browser.people import person

    with person(browser, market, role) as somebody:
        return [_cookie(market, cookie["name"], cookie["value"]) for cookie in somebody.context.cookies()]


def _cookie(market: Market, name: str, value: str) -> Any:  # a type that the library keeps to itself
    return {"name": name, "value": value, "url": market.url}


def _take_others(browser: Browser, market: Market, office: str, look: Look, words: list[str]) -> int:
    """Take pages without an address of the market: error pages, and the sample seller's own."""
    names = [name for name in (*BROKEN, OFFICE) if _is_selected(look, name, words)]
    if not names:
        return 0
    context = _context(browser, look)
    context.add_cookies([_cookie(market, "theme", look.theme)])
    page = context.new_page()
    for name in names:
        if name == OFFICE:
            page.goto(office)
        else:
            html = market.made[f"{BROKEN[name]} {LANGUAGES[look.language]}"]
            page.route("**/shown", _showing(html))
            page.goto(f"{market.url}/shown")
        page.screenshot(path=SHOTS / f"{look.name(name)}.png", full_page=True)
    context.close()
    return len(names)


def _showing(html: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8")


def _context(browser: Browser, look: Look) -> BrowserContext:
    width, height = SIZES[look.size]
    return browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", color_scheme=look.theme,
        locale={"zh": "zh-CN", "en": "en-US"}[look.language],
    )  # fmt: skip


def _load_images(page: Page) -> None:
    """Wait for all images, including lazily loaded ones."""
    page.evaluate("document.querySelectorAll('img[loading=lazy]').forEach(image => image.loading = 'eager')")
    page.evaluate("Promise.all([...document.images].map(image => image.decode().catch(() => {})))")


def _take(browser: Browser, market: Market, pages: dict[str, View], look: Look, session: list[Any]) -> None:
    context = _context(browser, look)
    chosen = {"django_language": LANGUAGES[look.language], "theme": look.theme}
    context.add_cookies([*session, *(_cookie(market, name, value) for name, value in chosen.items())])
    page = context.new_page()
    for name, view in pages.items():
        page.goto(market.url + view.path.format_map(market.made))
        view.act(page)
        _load_images(page)
        page.screenshot(path=SHOTS / f"{look.name(name)}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    raise SystemExit(main())
