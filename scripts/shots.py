"""Takes a picture of every page of the three sites, in both languages, light and dark, phone and desktop, into shots/.

Starts a market of its own with a sample seller and some history: orders that were delivered, one that waits to be paid,
one that fails and one that was paid back. Words given as arguments choose among the pages: ``make shots ARGS='order keys'``.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.running import Market

SHOTS = ROOT / "shots"
LANGUAGES = {"zh": "zh-hans", "en": "en"}
THEMES = ("light", "dark")
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}

PAGES: dict[str, dict[str, str]] = {
    "": {
        "store": "/", "store-nothing-found": "/?q=zzzz", "product": "/products/yunjian-docs/", "login": "/account/login/",
        "signup": "/account/signup/", "agreement": "/agreements/buyer/", "not-found": "/no-such-page/",
    },
    "buyer": {
        "store-inside": "/", "checkout": "/checkout/1/", "orders": "/orders/", "order-completed": "/orders/{completed}/",
        "order-unpaid": "/orders/{unpaid}/", "order-failing": "/orders/{failing}/", "order-refunded": "/orders/{refunded}/",
        "services": "/services/", "service": "/services/1/", "notices": "/notices/", "balance": "/balance/",
        "profile": "/profile/", "email": "/account/email/", "password": "/account/password/change/",
    },
    "seller": {
        "seller-overview": "/seller/", "seller-orders": "/seller/orders/", "seller-order": "/seller/orders/{own}-000001/",
        "seller-addresses": "/seller/addresses/", "seller-address-new": "/seller/addresses/new/",
        "seller-keys": "/seller/keys/", "seller-messages": "/seller/messages/", "seller-message": "/seller/messages/{call}/",
    },
    "operator": {
        "console-overview": "/console/", "console-orders": "/console/orders/", "console-order": "/console/orders/{refunded}/",
        "console-calls": "/console/calls/", "console-call": "/console/calls/{failing call}/",
        "console-engine": "/console/engine/", "console-sellers": "/console/sellers/", "console-seller": "/console/sellers/1/",
        "console-accounts": "/console/accounts/", "console-account": "/console/accounts/1/",
        "console-ledger": "/console/ledger/?check=1", "console-mails": "/console/mails/", "console-clock": "/console/clock/",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """One way to see every page."""

    language: str
    theme: str
    size: str


def looks() -> Iterator[Look]:
    for language in LANGUAGES:
        for theme in THEMES:
            for size in SIZES:
                yield Look(language, theme, size)


def main() -> int:
    from tests.machine import find_chromium

    chromium = find_chromium()
    if chromium is None:
        print("Pictures need chromium, which is not installed.")
        return 1
    words = sys.argv[1:]
    chosen = {
        role: {name: path for name, path in pages.items() if not words or any(word in name for word in words)}
        for role, pages in PAGES.items()
    }
    SHOTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="tradepost-shots-"))
    try:
        _take_all(folder, chromium, chosen)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _take_all(folder: Path, chromium: str, chosen: dict[str, dict[str, str]]) -> None:
    from tests.browser import running
    from tests.browser.people import browsing

    begun, whole, done = time.monotonic(), sum(map(len, chosen.values())) * len(list(looks())), 0
    print("Starting a market with some history …", flush=True)
    with running.market(folder) as market, browsing(chromium) as browser:
        market.history("deliver", "give_up", "fail")
        for role, pages in chosen.items():
            if not pages:
                continue
            session = _log_in(browser, market, role)
            for look in looks():
                _take(browser, market, pages, look, session)
                done += len(pages)
                who = role or "stranger"
                print(f"{done:>4} of {whole}  {who} {look.language} {look.theme} {look.size}", flush=True)
    print(f"{done} pictures in {SHOTS.relative_to(ROOT)}{os.sep} after {time.monotonic() - begun:.0f} s")


def _log_in(browser: Browser, market: Market, role: str) -> list[Any]:
    from tests.browser.people import person

    with person(browser, market, role) as somebody:
        return [_cookie(market, cookie["name"], cookie["value"]) for cookie in somebody.context.cookies()]


def _cookie(market: Market, name: str, value: str) -> Any:  # a type that the library keeps to itself
    return {"name": name, "value": value, "url": market.url}


def _take(browser: Browser, market: Market, pages: dict[str, str], look: Look, session: list[Any]) -> None:
    width, height = SIZES[look.size]
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    chosen = {"django_language": LANGUAGES[look.language], "theme": look.theme}
    context.add_cookies([*session, *(_cookie(market, name, value) for name, value in chosen.items())])
    page = context.new_page()
    for name, path in pages.items():
        page.goto(market.url + path.format_map(market.made))
        page.screenshot(path=SHOTS / f"{name}-{look.language}-{look.theme}-{look.size}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    raise SystemExit(main())
