"""The form of a company, typed into by hand and sent."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.people import Person
from tests.browser.running import Market
from tests.factories.companies import company, typed
from tests.factories.pictures import PDF


def fill(buyer: Person, market: Market, logo: Path) -> None:
    """What is typed saves itself; what is left out is said when it is sent, and nothing is lost."""
    page = buyer.page
    said = typed(company(website=f"{market.url}/"))
    for name, value in said.items():
        if name == "service_days":
            page.locator(f"[name={name}]").select_option(value)
        elif name not in {"logo", "licence"}:
            page.locator(f"[name={name}]").fill(value)
    expect(page.locator("#draft-state")).to_contain_text("Saved")
    page.locator("[name=staff]").fill("3")
    page.get_by_role("button", name="Apply for entry").click()
    expect(page.locator("#problems")).to_contain_text("at least 15 people")
    expect(page.locator("#problems")).to_contain_text("Upload the company's logo")
    expect(page.locator("#problems")).to_contain_text("Hand in the latest business licence")
    expect(page.locator("[name=name]")).to_have_value(said["name"])
    page.locator("[name=staff]").fill("30")
    page.locator("[name=logo_file]").set_input_files(logo)
    expect(page.locator(".tp-picture-kept")).to_be_visible()
    licence = logo.with_name("licence.pdf")
    licence.write_bytes(PDF)
    page.locator("[name=licence_file]").set_input_files(licence)
    expect(page.get_by_role("link", name="licence.pdf")).to_be_visible()


def send(buyer: Person) -> None:
    for box in buyer.page.locator("[name^=agreement_]").all():
        box.check()
    buyer.page.get_by_role("button", name="Apply for entry").click()
    buyer.page.wait_for_url("**/seller/submissions/*/")
