"""The form of a company, filled in by hand and submitted."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.people import Person
from tests.browser.running import Market
from tests.browser.slow_saves import slow_saves
from tests.factories.companies import company, typed
from tests.factories.pictures import PDF


def fill(buyer: Person, market: Market, logo: Path) -> None:
    """Input saves itself. Missing fields are named on submission, and no input is lost."""
    page = buyer.page
    said = typed(company(website=f"{market.url}/"))
    for name, value in said.items():
        if name == "service_days":
            page.locator(f"[name={name}]").select_option(value)
        elif name not in {"logo", "licence"}:
            page.locator(f"[name={name}]").fill(value)
    expect(page.locator("#sc-saved")).to_contain_text("Saved")
    page.locator("[name=staff]").fill("3")
    page.get_by_role("button", name="Submit the application").click()
    expect(page.locator("#problems")).to_contain_text("at least 15 people")
    expect(page.locator("#problems")).to_contain_text("Upload the company's logo")
    expect(page.locator("#problems")).to_contain_text("Upload the latest business licence")
    expect(page.locator("[name=name]")).to_have_value(said["name"])
    page.locator("[name=staff]").fill("30")
    page.locator("[name=logo_file]").set_input_files(logo)
    expect(page.locator(".tp-picture-kept")).to_be_visible()
    licence = logo.with_name("licence.pdf")
    licence.write_bytes(PDF)
    page.locator("[name=licence_file]").set_input_files(licence)
    expect(page.get_by_role("link", name="licence.pdf")).to_be_visible()


def tick_quickly(buyer: Person) -> None:
    """Input and ticks during the response to an earlier save survive, also after a reload."""
    page = buyer.page
    name, days, box = (
        page.locator("[name=name]"),
        page.locator("[name=service_days]"),
        page.locator("[name^=agreement_]").first,
    )
    chosen = days.locator("option").last.get_attribute("value")
    with slow_saves(page) as saves:
        name.fill("A company")
        saves.wait()
        box.check()
        days.select_option(chosen)
        saves.release()
        saves.wait()
        saves.release()
        expect(page.locator("#sc-saved")).to_contain_text("Saved")
    for _ in range(2):  # first as an autosave, then with the button
        page.reload()
        expect(name).to_have_value("A company")
        expect(days).to_have_value(chosen or "")
        expect(box).to_be_checked()
        buyer.press("Save")
    box.uncheck()


def send(buyer: Person) -> None:
    for box in buyer.page.locator("[name^=agreement_]").all():
        box.check()
    buyer.page.get_by_role("button", name="Submit the application").click()
    buyer.page.wait_for_url("**/seller/submissions/*/")
