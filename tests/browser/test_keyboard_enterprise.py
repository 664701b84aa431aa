"""issue 27, 13: an enterprise by keyboard only. Its administrator imports members from a table and authorises one of
them, who signs in and changes the password twice.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests.browser.keyboard import Keyboard
from tests.browser.people import person
from tests.browser.running import Market

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SEND = "main form button.btn-primary"
ENTERPRISE = "/enterprise/lantian/"
TABLE = "账号,姓名,部门\nkeys.new,Kim Keys,HQ\nkeys.lost,Lee Lost,NOWHERE\n"
FIRST, SECOND = "nine green ducks swim", "eleven grey geese walk"


@pytest.fixture(scope="module", autouse=True)
def _history(market: Market) -> None:
    market.history("enterprise", "join")


def test_administrator_imports_and_authorises_a_member_who_signs_in(browser: Browser, market: Market) -> None:
    with person(browser, market, "buyer", language="en") as admin:
        keys = Keyboard(admin)
        _import(keys)
        _authorise(keys)
        password = _first_password(keys)
        with person(browser, market, language="en") as member:
            _sign_in(Keyboard(member), password)
    assert market.faults() == []


def _import(keys: Keyboard) -> None:
    """Drop the open table first. The invalid row of the new one is named; the other is imported."""
    page, opened = keys.page, f"{ENTERPRISE}import/{keys.person.market.made['import wrong']}/"
    keys.person.go(ENTERPRISE)
    keys.follow(page.locator(f'main a[href="{ENTERPRISE}members/"]').first)
    keys.follow(page.locator(f'main a[href="{ENTERPRISE}import/"]').first)
    keys.follow(page.locator(f'main a[href="{opened}"]'))
    keys.press(page.locator(f'main form[action="{opened}drop/"] button'))
    expect(page.locator('main form[action$="/drop/"]')).to_have_count(0)
    # The browser needs some time to hand its file dialog to the test: ask before the page loads, not before the key.
    table = FilePayload(name="members.csv", mimeType="text/csv", buffer=TABLE.encode())
    page.once("filechooser", lambda dialog: dialog.set_files(table))
    keys.person.go(f"{ENTERPRISE}import/")
    field = page.locator("main input[type=file]")
    keys.press(field)
    expect(field).to_have_value(re.compile(r"members\.csv$"))
    keys.open(page.locator(SEND))
    expect(page.locator("section:has(#sf-wrong) tbody tr")).to_contain_text("keys.lost")
    keys.press(page.locator('main form[action$="/confirm/"] button'))
    expect(page.locator('main form[action$="/passwords/"]')).to_be_visible()  # the page follows the import


def _authorise(keys: Keyboard) -> None:
    page = keys.page
    keys.person.go(ENTERPRISE)
    keys.open(page.locator(f'nav a:visible[href="{ENTERPRISE}applications/"]').first)
    keys.follow(page.locator(f'main a[href="{ENTERPRISE}applications/{keys.person.market.made["bound"]}/"]'))
    keys.follow(page.locator('main a[href$="/authorise/"]').first)
    keys.press(page.locator(SEND))
    expect(page.locator("main .tp-error").first).to_be_visible()
    keys.type(page.locator("#find-people"), "keys.new")
    box = page.locator("#picked-people label", has_text="keys.new").locator("input")
    expect(page.locator("#picked-people label")).to_have_count(1)  # the list follows the input
    keys.tick(box)
    keys.open(page.locator(SEND))
    expect(page.locator("section:has(#sf-rights) tbody")).to_contain_text("Kim Keys")


def _first_password(keys: Keyboard) -> str:
    page = keys.page
    keys.person.go(f"{ENTERPRISE}members/")
    keys.skip()
    keys.open(page.locator("main table a", has_text="Kim Keys"))
    keys.press(page.locator('main [data-dialog="sf-password"]'))
    expect(page.locator("#sf-password")).to_be_visible()
    keys.open(page.locator("#sf-password form button.btn-primary"))
    keys.press(page.locator("main [data-secret]").get_by_role("button").first)
    shown = page.locator("main [data-secret] code")
    expect(shown).to_have_text(re.compile(r"^\w{8,}$"))
    return shown.inner_text()


def _sign_in(keys: Keyboard, password: str) -> None:
    page = keys.page
    keys.person.go("/t/lantian/")
    keys.type(page.locator("[name=name]"), "keys.new")
    keys.type(page.locator("[name=password]"), "not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="password is wrong")).to_be_visible()
    keys.type(page.locator("[name=password]"), password)
    page.keyboard.press("Enter")
    for name in ("new_password", "new_password_again"):  # an administrator set the password
        keys.type(page.locator(f"[name={name}]"), FIRST)
    keys.press(page.locator(SEND).first)
    expect(page).to_have_url(re.compile("/t/lantian/$"))
    keys.open(page.locator('nav a:visible[href="/t/lantian/password/"]').first)
    form = page.locator('main form[action$="/password/"]')
    keys.type(form.locator("[type=password]").nth(0), FIRST)
    for place in (1, 2):
        keys.type(form.locator("[type=password]").nth(place), SECOND)
    keys.press(form.locator("button.btn-primary"))
    expect(page.locator("main [role=status], .tp-toast, .tp-note.tp-ok").first).to_be_visible()
