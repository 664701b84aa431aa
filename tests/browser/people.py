"""People at a browser: they log in through the page, and everything that their browser complains about is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.browser.pages import View
from tests.browser.running import Market

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
LOCALES = {"zh-hans": "zh-CN", "en": "en-US"}
WITHIN = 45_000
"""Milliseconds that a page may take on a loaded machine before a test gives up."""

# What a person reads. The Chinese is repeated here on purpose: a test that looked it up would agree with any mistake.
CHINESE = {
    "Log in": "登录", "Search": "搜索", "Search products": "搜索商品",
    "Buy": "购买", "Place the order": "提交订单", "Pay": "支付", "How to log in": "登录信息", "Delivered": "已交付",
    "Show": "显示", "Restart": "重新启动", "The seller's system gave no valid answer.": "商家系统没有给出有效响应。",
    "Interface messages": "生产接口消息",
}  # fmt: skip


@contextmanager
def browsing(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Person:
    """Somebody with a browser of their own, in one language."""

    market: Market
    context: BrowserContext
    page: Page
    language: str
    complaints: list[str] = field(default_factory=list)

    def say(self, word: str) -> str:
        return CHINESE[word] if self.language == "zh-hans" else word

    def go(self, path: str) -> None:
        answer = self.page.goto(f"{self.market.url}{path}")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def look(self, view: View) -> None:
        """Open a page and do there what its table says."""
        path = view.path.format_map(self.market.made)
        answer = self.page.goto(f"{self.market.url}{path}")
        assert answer is not None
        assert answer.status == view.status, f"{path}: {answer.status}"
        view.act(self.page)

    def log_in(self, role: str) -> None:
        self.go("/account/login/")
        self.page.locator("input[name=login]").fill(self.market.made[role])
        self.page.locator("input[name=password]").fill(self.market.made[f"{role} password"])
        self.page.locator("main").get_by_role("button", name=self.say("Log in")).click()
        expect(self.page.locator("summary.tp-tool")).to_be_visible()

    def press(self, word: str, within: Page | Locator | None = None) -> None:
        (within or self.page.locator("main")).get_by_role("button", name=re.compile(f"^\\s*{self.say(word)}")).click()

    def speak(self, language: str) -> None:
        """Press the page's own language button until the page and the account have that language."""
        for value in ("en", "zh-hans") if language == "zh-hans" else ("zh-hans", "en"):
            button = self.page.locator(f'button[name="language"][value="{value}"]')
            if button.count():
                button.click()
                expect(self.page.locator("html")).to_have_attribute("lang", value)
        self.language = language


@contextmanager
def person(browser: Browser, market: Market, role: str = "", *, language: str = "en") -> Iterator[Person]:
    """Logged in as ``role``. Leaving fails when the browser complained: errors, refused scripts or styles, lost files."""
    context = browser.new_context(locale=LOCALES[language], viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WITHIN)
    expect.set_options(timeout=WITHIN)
    page = context.new_page()
    somebody = Person(market, context, page, language)
    listen(page, somebody.complaints)
    try:
        if role:
            somebody.log_in(role)
        yield somebody
        assert somebody.complaints == [], "\n".join(somebody.complaints)
    except BaseException:
        page.screenshot(path=market.folder / "last.png", full_page=True)  # pytest keeps the folder of the last runs
        raise
    finally:
        context.close()


def listen(page: Page, complaints: list[str]) -> None:
    def heard(message: ConsoleMessage) -> None:
        # What htmx says of a request that ended because the page was left is no fault of a page.
        left = message.text.startswith(("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort"))
        # A page that is itself a refusal (not found, a form with a fault in it) is answered with a status that says so.
        refused = "status of 4" in message.text and message.location.get("url") == page.url
        if message.type in {"error", "warning"} and not left and not refused:
            complaints.append(f"{page.url}: {message.type}: {message.text}")

    page.on("console", heard)
    page.on(
        "response",
        lambda answer: complaints.append(f"{answer.url}: status {answer.status}") if answer.status >= 500 else None,
    )
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on(
        "requestfailed",
        lambda request: (
            complaints.append(f"{page.url}: {request.method} {request.url} failed: {request.failure}")
            if _lost(request.failure)
            else None
        ),
    )


def _lost(failure: str | None) -> bool:
    """A request that the page itself left behind by going on is none."""
    return failure is not None and "ERR_ABORTED" not in failure
