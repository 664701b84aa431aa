"""People at a browser: they log in through the page, and every complaint of their browser is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, expect, sync_playwright

from tests import waiting
from tests.browser.pages import View
from tests.browser.running import Market
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.identity import totp

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
LOCALES = {"zh-hans": "zh-CN", "en": "en-US"}
WITHIN = 1000 * waiting.TIMEOUT
"""Milliseconds that a page may take on a busy machine before a test fails."""

# What a person reads. The Chinese is repeated on purpose: a test that looked it up would repeat any mistake.
CHINESE = {
    "Sign in": "登录", "Search": "搜索", "Search products": "搜索商品",
    "Buy": "购买", "Place the order": "提交订单", "Pay": "支付", "Login details": "登录信息", "Delivered": "已交付",
    "Show": "显示", "Restart": "重新启动", "The seller's system gave no valid response.": "商家系统没有给出有效响应。",
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
    """A person with a browser in one language."""

    market: Market
    context: BrowserContext
    page: Page
    language: str
    complaints: list[str] = field(default_factory=list)
    last_step: int = 0
    """Time step of the code of the last sign-in."""

    def say(self, word: str) -> str:
        return CHINESE[word] if self.language == "zh-hans" else word

    def go(self, path: str) -> None:
        answer = self.page.goto(f"{self.market.url}{path}")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def look(self, view: View) -> None:
        """Open a page and do what its table says."""
        path = view.path.format_map(self.market.made)
        answer = self.page.goto(f"{self.market.url}{path}")
        assert answer is not None
        assert answer.status == view.status, f"{path}: {answer.status}"
        view.act(self.page)

    def log_in(self, role: str) -> None:
        self.go("/account/login/")
        self.page.locator("input[name=login]").fill(self.market.made[role])
        self.page.locator("input[name=password]").fill(self.market.made[f"{role} password"])
        self.page.locator("main").get_by_role("button", name=self.say("Sign in")).click()
        if secret := self.market.made.get(f"{role} secret"):
            self._give_code(secret)
        expect(self.page.locator("summary.tp-tool")).to_be_visible()

    def _give_code(self, secret: str) -> None:
        """Enter the second step of the sign-in. A code works once, so a second sign-in within half a minute waits for
        the next one."""
        until(lambda: totp.step_of(clock.wall()) > self.last_step, "a new code is shown", within=60)
        self.last_step = totp.step_of(clock.wall())
        self.page.locator("main input[name=code]").fill(totp.code_at(secret, self.last_step))
        self.page.locator("main form:has(input[name=code]) button[type=submit]").first.click()

    def press(self, word: str, within: Page | Locator | None = None) -> None:
        (within or self.page.locator("main")).get_by_role("button", name=re.compile(f"^\\s*{self.say(word)}")).click()

    def speak(self, language: str) -> None:
        """Press the page's language button until the page and the account have that language."""
        for value in ("en", "zh-hans") if language == "zh-hans" else ("zh-hans", "en"):
            button = self.page.locator(f'button[name="language"][value="{value}"]')
            if button.count():
                button.click()
                expect(self.page.locator("html")).to_have_attribute("lang", value)
        self.language = language


@contextmanager
def person(browser: Browser, market: Market, role: str = "", *, language: str = "en") -> Iterator[Person]:
    """Yield a person logged in as ``role``. Fail at the end if the browser complained: errors, blocked scripts or
    styles, missing files."""
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
        with suppress(Error):  # it must not hide the failure of the test
            page.screenshot(path=market.folder / "last.png", full_page=True)  # pytest keeps the folders of recent runs
        raise
    finally:
        context.close()


def listen(page: Page, complaints: list[str]) -> None:
    def heard(message: ConsoleMessage) -> None:
        # htmx reports requests that ended because the page was left; that is not a fault of a page.
        left = message.text.startswith(("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort"))
        # A page that refuses (not found, a form with an error) has an error status itself.
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
            if _is_lost(request.failure)
            else None
        ),
    )


def _is_lost(failure: str | None) -> bool:
    """Ignore requests that the page cancelled by navigating."""
    return failure is not None and "ERR_ABORTED" not in failure
