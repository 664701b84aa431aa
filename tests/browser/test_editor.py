"""The product editor autosaves: input survives a closed tab, and two tabs do not overwrite each other (issue 9)."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.people import Person, person
from tests.browser.running import Market
from tests.browser.slow_saves import Saves, slow_saves
from tests.factories.pictures import picture_file
from tradepost.market.catalog.rich_text import clean

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]
SUPPORT = "/seller/products/11/draft/support/"
PRICES = "/seller/products/11/draft/pricing/"


def tab(seller: Person, path: str) -> Page:
    page = seller.context.new_page()
    page.goto(f"{seller.market.url}{path}")
    return page


def saved(page: Page) -> None:
    expect(page.locator("#sc-saved")).to_contain_text("Saved ")


def test_input_survives_a_closed_tab_and_a_second_tab(browser: Browser, market: Market) -> None:
    with person(browser, market, "seller") as seller:
        first = tab(seller, SUPPORT)
        first.locator('[name="hours.en"]').fill("Monday to Friday")
        first.close()  # at once: the closing tab sends its input
        second = tab(seller, SUPPORT)
        for _ in range(50):  # the request of a closed tab may be in progress
            if second.locator('[name="hours.en"]').input_value() == "Monday to Friday":
                break
            second.reload()
        expect(second.locator('[name="hours.en"]')).to_have_value("Monday to Friday")
        third = tab(seller, SUPPORT)
        second.locator("[name=phone]").fill("400-111-1111")
        saved(second)
        third.locator("[name=phone]").fill("400-222-2222")
        expect(third.locator("#sc-conflict")).to_be_visible()
        expect(third.locator("[name=phone]")).to_have_value("400-222-2222")
        expect(third.get_by_role("cell", name="400-111-1111")).to_be_visible()
        third.get_by_role("button", name="Save mine").click()
        expect(third.locator("#sc-conflict")).to_have_count(0)
        second.reload()
        expect(second.locator("[name=phone]")).to_have_value("400-222-2222")


def test_ticks_survive_slow_responses(browser: Browser, market: Market) -> None:
    """Tick two more boxes before the response to the first save arrives."""
    names = ["asks_mobile", "asks_user", "extend_params.0.required"]
    with person(browser, market, "seller") as seller:
        page = tab(seller, "/seller/products/11/draft/purchase/")
        boxes = [page.locator(f'[name="{name}"]') for name in names]
        before = [box.is_checked() for box in boxes]
        with slow_saves(page) as saves:
            boxes[0].set_checked(not before[0])
            saves.wait()
            boxes[1].set_checked(not before[1])
            boxes[2].set_checked(not before[2])
            saves.release()
            saves.wait()
            saves.release()
            saved(page)
        page.reload()
        for box, was in zip(boxes, before, strict=True):
            expect(box).to_be_checked(checked=not was)


def test_no_autosave_runs_beside_a_form_submission(browser: Browser, market: Market) -> None:
    """A picture arrives after *Save* was pressed. An autosave would start from the same revision, and one of the two
    would lose. The form is submitted to a second window, so that its response does not replace the watched page."""
    with person(browser, market, "seller") as seller:
        page = seller.context.new_page()
        page.clock.install()
        page.goto(f"{seller.market.url}/seller/products/11/draft/media/")
        saves = Saves(page)
        page.route("**/seller/pictures/", saves.take_upload)
        by_itself: list[str] = []
        page.on("request", lambda sent: by_itself.append(sent.url) if sent.headers.get("x-autosave") else None)
        field = page.locator('[id="f-pictures.4"]')
        field.locator("input[type=file]").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": picture_file(width=800, height=600)}
        )
        saves.wait()
        page.locator("form[data-autosave]").evaluate("(form) => (form.target = 'second')")
        with page.expect_popup() as second:
            page.locator("button[name=act][value=save]").click()
        expect(second.value.locator("#sc-conflict")).to_have_count(0)
        expect(second.value.locator(".tp-picture-kept").first).to_be_visible()
        saves.release()
        expect(field.locator(".tp-picture-kept")).to_be_visible()
        page.clock.run_for(10_000)
        assert by_itself == []


GUIDE = "/seller/products/11/draft/guide/"
WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {margin:0cm}</style>
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings/></xml><![endif]--></head><body lang=ZH-CN>
<h3 style='mso-list:none'><span lang=EN-US style='color:red'>Install</span></h3>
<p class=MsoNormal onclick="alert(1)"><span style='font-weight:bold'>Run</span> the <a href="javascript:alert(1)">installer</a><o:p></o:p></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span>&nbsp;</span></span>First</p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span>&nbsp;</span></span>Second</p>
<section><a href="https://example.com/?a=1&amp;b=2" target=_blank>More</a></section><script>alert(1)</script><img src=x onerror=alert(1)>
</body></html>"""
PASTE = """(element, html) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def emptied(page: Page) -> tuple[Locator, Locator]:
    """Return the editor of the English text, emptied, and the input that the form sends."""
    surface, value = page.locator("[data-surface]").nth(1), page.locator('[name="body.en"]')
    pressed(page, "source")
    value.fill("")
    pressed(page, "source")
    surface.click()
    return surface, value


def pressed(page: Page, act: str) -> None:
    page.locator(f'[data-rich-act="{act}"]').nth(1).click()


def test_text_is_formatted_saved_and_shown_unchanged(browser: Browser, market: Market) -> None:
    with person(browser, market, "seller") as seller:
        page = tab(seller, GUIDE)
        surface, value = emptied(page)
        page.keyboard.type("Install")
        pressed(page, "heading")
        page.keyboard.press("Enter")
        page.keyboard.type("Run it ")
        page.keyboard.press("Control+B")
        page.keyboard.type("now")
        page.keyboard.press("Control+B")
        page.keyboard.type(" please")
        page.keyboard.press("Enter")
        page.keyboard.insert_text("第一步")  # as an input method does
        pressed(page, "bullets")
        page.keyboard.press("Enter")
        page.keyboard.type("more")
        page.keyboard.press("Shift+Home")
        pressed(page, "link")
        address = page.locator("[data-link-row]").nth(1).locator("input")
        address.fill("javascript:alert(1)")
        address.press("Enter")
        expect(page.locator("[data-link-error]").nth(1)).to_be_visible()
        address.fill("https://example.com/start")
        address.press("Enter")
        expect(surface.locator("h3")).to_have_text("Install")
        html = value.input_value()
        for part in ("<h3>Install</h3>", "<b>now</b>", "<li>第一步</li>", 'href="https://example.com/start"'):
            assert part in html, html
        assert clean(html) == html
        page.locator("button[name=act][value=save]").click()
        page.wait_for_url(f"**{GUIDE}")
        expect(value).to_have_value(html)
        expect(surface.locator("li")).to_have_count(2)
        assert (value.is_visible(), surface.is_visible()) == (False, True)
        page.locator('label[for="f-body.en"]').click()
        expect(surface).to_be_focused()
        page.keyboard.press("Shift+Tab")
        expect(page.locator('[data-rich-act="bold"]').nth(1)).to_be_focused()


def test_text_pasted_from_word_is_cleaned(browser: Browser, market: Market) -> None:
    with person(browser, market, "seller") as seller:
        page = tab(seller, GUIDE)
        surface, value = emptied(page)
        surface.evaluate(PASTE, WORD)
        expect(surface.locator("li")).to_have_count(2)
        html = value.input_value()
        assert clean(html) == html
        assert "".join(line.strip() for line in html.replace("\xa0", " ").split("\n")) == html.replace("\n", "")
        for part in (
            "<h3>Install</h3>",
            "<b>Run</b>",
            "<ul><li>First</li><li>Second</li></ul>",
            'href="https://example.com/?a=1&amp;b=2"',
        ):
            assert part in html, html
        for part in ("style", "class", "script", "onclick", "javascript", "img", "span", "mso", "o:p", "·"):
            assert part not in html
        pressed(page, "source")
        expect(value).to_be_visible()
        value.fill("<p>Manual</p>")
        pressed(page, "source")
        expect(surface).to_have_text("Manual")


DROP = """(element, files) => {
  const data = new DataTransfer();
  for (const [name, bytes] of files) data.items.add(new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], name));
  for (const type of ["dragover", "drop"]) {
    element.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


def test_dropped_file_is_accepted_and_an_invalid_one_refused(browser: Browser, market: Market) -> None:
    picture = base64.b64encode(picture_file(width=800, height=600)).decode()
    with person(browser, market, "seller") as seller:
        page = tab(seller, "/seller/products/11/draft/media/")
        field = page.locator('[id="f-pictures.4"]')
        zone = field.locator("[data-drop]")
        zone.evaluate(DROP, [["notes.txt", picture]])
        expect(field.locator(".tp-error:visible")).to_contain_text("one of these types")
        zone.evaluate(DROP, [["a.png", picture], ["b.png", picture]])
        expect(field.locator("[data-one-file]")).to_be_visible()
        zone.evaluate(DROP, [["a.png", picture]])
        expect(field.locator(".tp-picture-kept")).to_be_visible()
        expect(field.locator(".tp-error:visible")).to_have_count(0)
        saved(page)
        page.reload()
        expect(page.locator(".tp-picture-kept").last).to_be_visible()
        field.locator("input[type=file]").focus()
        expect(field.locator("input[type=file]")).to_be_focused()


def test_failed_autosave_is_retried(browser: Browser, market: Market) -> None:
    with person(browser, market, "seller") as seller:
        page = tab(seller, SUPPORT)
        page.route(
            "**/draft/support/", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
        )
        page.locator("[name=phone]").fill("400-333-3333")
        expect(page.locator("#sc-saved")).to_have_class("tp-error")
        page.unroute("**/draft/support/")
        saved(page)
        page.reload()
        expect(page.locator("[name=phone]")).to_have_value("400-333-3333")


def test_invalid_price_shows_an_error_and_a_priced_combination_is_ticked(browser: Browser, market: Market) -> None:
    with person(browser, market, "seller") as seller:
        page = tab(seller, PRICES)
        amount = page.locator('[name="specs.0.rows.0.cells.0.0"]')
        before = amount.input_value()
        amount.fill("12x")
        expect(page.locator('[data-error-of="specs.0.rows.0.cells.0.0"]')).to_contain_text("Enter an amount")
        amount.fill(before or "12")
        expect(page.locator('[data-error-of="specs.0.rows.0.cells.0.0"]')).to_be_empty()
        page.locator('button[value="add-attribute:0"]').click()
        expect(page.locator('[name="specs.0.rows.1.on"]')).to_be_visible()
