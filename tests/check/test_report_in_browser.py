"""The HTML report in a real browser: phone and desktop, both languages, with and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import sync_playwright

from tests.check.report_sample import REPORT
from tradepost.check.reports.html import html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield found
        found.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html(REPORT), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(("locale", "title"), [("zh-CN", "6项检查中2项失败"), ("en-GB", "2 of 6 checks failed")])
def test_report_uses_the_reader_s_language_and_fits_the_screen(browser, address, width, locale, title):
    page = browser.new_page(locale=locale, viewport={"width": width, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    assert page.locator("h1").inner_text().strip() == title
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == [address]
    page.close()


def test_languages_are_switched_without_scripts(browser, address):
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(address)
    assert page.locator("h1").inner_text().strip() == "6项检查中2项失败"
    page.get_by_text("English").click()
    assert page.locator("h1").inner_text().strip() == "2 of 6 checks failed"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_follows_the_reader_s_theme(browser, address, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto(address)
    red = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] | 0")
    assert (red > 128) == (scheme == "light")
    page.close()
