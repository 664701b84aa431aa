"""Joint operation in chromium, in a language that depends on the seed (issue 15, must show 1): an enterprise is
founded, its members come from a table, a service is bought and bound, a member is authorised, signs in to the seller's
application and sees their role; after the withdrawal, the same person cannot sign in (openapi-jointkit §A, §B).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, person
from tests.browser.running import Market
from tests.browser.together import APP_ID, SLUG
from tests.factories.joint import KIT_KEY, private_pem
from tests.kit.joint.sample import sample
from tests.sampling import SEED
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]
LANGUAGE = random.Random(SEED).choice(["en", "zh-hans"])
MEMBERS = 200
SIGNED_OUT_WITHIN = 120.0
WORDS = {
    "en": {
        "no department": "There is no department", "bad name": "account name", "no name": "name is missing", "new": "To be added",
        "imported": "Imported", "bound": "Bound", "yes": "Yes", "role": "administrator", "open": "Open",
        "sign in": "Sign in", "share": "Share and continue",
    },
    "zh-hans": {
        "no department": "没有部门", "bad name": "账号", "no name": "姓名", "new": "将新增", "imported": "已导入", "bound": "已绑定",
        "yes": "是", "role": "管理员", "open": "打开", "sign in": "登录", "share": "同意并继续",
    },
}  # fmt: skip


@pytest.fixture
def application(market: Market, tmp_path: Path) -> Iterator[str]:
    """Run the sample seller with its product on sale, and return its address."""
    keys = {"SELLER_KEY": market.made["signing_key"], "SELLER_KIT_KEY": KIT_KEY, "SELLER_PRIVATE_KEY": private_pem()}
    with sample(tmp_path, **keys, SELLER_APP_ID=APP_ID, MARKET=market.url) as url:
        market.history("together", seller_url=url)
        yield url


def test_member_signs_in_to_the_application_until_withdrawn(browser: Browser, market: Market, application: str) -> None:
    words = WORDS[LANGUAGE]
    with person(browser, market, "buyer", language=LANGUAGE) as admin:
        admin.speak(LANGUAGE)
        found(admin)
        import_members(admin, words)
        password = first_password(admin)
        buy(admin)
        bind(admin, words)
        authorise(admin, words)
        with person(browser, market, language=LANGUAGE) as member:
            sign_in(member, password, words)
            expect(member.page).to_have_url(f"{application}/")
            facts = member.page.locator("dl")
            expect(member.page.locator("h1")).to_have_text("员工001")
            expect(facts).to_contain_text(words["role"])
            expect(facts).to_contain_text("person001@zaoyuan")
            withdraw(admin)
            wait_until_signed_out(member, application)
    assert market.faults() == []


def found(admin: Person) -> None:
    page = admin.page
    admin.go("/enterprise/new/")
    for name, value in {"name": "枣园制造", "code": "zaoyuan", "user_name": "li.lei", "person": "李雷"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/enterprise/zaoyuan/")


def table() -> str:
    good = [f"person{number:03},员工{number:03},HQ" for number in range(1, MEMBERS + 1)]
    wrong = ["lost,走丢了,NOWHERE", "bad name,坏账号,HQ", "nameless,,HQ"]
    return "\n".join(["账号,姓名,部门", *good[:50], *wrong, *good[50:]])


def import_members(admin: Person, words: dict[str, str]) -> None:
    """Import a table. Three invalid rows show their number and error; the others are imported."""
    page = admin.page
    page.goto(f"{admin.market.url}/enterprise/zaoyuan/import/")
    page.locator("input[type=file]").set_input_files(
        {"name": "成员.csv", "mimeType": "text/csv", "buffer": table().encode()}
    )
    page.locator("main form button.btn-primary").click()
    wrong = page.locator("section:has(#sf-wrong) tbody tr")
    expect(wrong).to_have_count(3)
    for row, (line, account, why) in enumerate(
        [("52", "lost", "no department"), ("53", "bad name", "bad name"), ("54", "nameless", "no name")]
    ):
        expect(wrong.nth(row)).to_contain_text(line)
        expect(wrong.nth(row)).to_contain_text(account)
        expect(wrong.nth(row)).to_contain_text(re.compile(words[why], re.IGNORECASE))
    expect(page.locator("#sf-import dl")).to_contain_text(re.compile(rf"{words['new']}\s*{MEMBERS}"))
    page.locator('form[action$="/confirm/"] button').click()
    expect(page.locator("#sf-import h2").first).to_contain_text(words["imported"])


def first_password(admin: Person) -> str:
    """Return the first password of one of them, from the member's page."""
    page = admin.page
    page.goto(f"{admin.market.url}/enterprise/zaoyuan/members/?q=person001")
    page.locator("main table a", has_text="员工001").click()
    page.locator('[data-dialog="sf-password"]').click()
    page.locator("#sf-password form button.btn-primary").click()
    return page.locator("[data-secret]").get_attribute("data-value") or ""


def buy(admin: Person) -> None:
    page = admin.page
    admin.go(f"/products/{SLUG}/")
    page.locator("main").get_by_role("button", name=admin.say("Buy"), exact=True).click()
    page.locator("#agreed").check()
    admin.press("Place the order")
    admin.press("Pay")
    expect(page.locator(".sf-access")).to_be_visible()


def bind(admin: Person, words: dict[str, str]) -> None:
    page = admin.page
    admin.go("/enterprise/zaoyuan/applications/")
    page.locator('main a[href*="/bind/"]').click()
    page.locator("[name=released]").check()
    page.locator("main form button.btn-primary").click()
    expect(page.locator("main .tp-badge").first).to_be_visible()
    expect(page.locator("main dl")).to_contain_text(words["bound"])  # the page follows it automatically


def authorise(admin: Person, words: dict[str, str]) -> None:
    page = admin.page
    page.locator('main a[href$="/authorise/"]').first.click()
    page.locator("#find-people").fill("person001")
    page.locator("#picked-people label", has_text="person001").click()  # the list follows the input
    page.locator("[name=admin]").check()
    page.locator("main form .tp-actions button[type=submit]").click()
    row = page.locator("section:has(#sf-rights) tbody tr")
    expect(row).to_have_count(1)

    def authorised() -> bool:
        page.reload()
        return words["yes"] in row.inner_text()

    until(authorised, within=SIGNED_OUT_WITHIN)


def sign_in(member: Person, password: str, words: dict[str, str]) -> None:
    """Sign in from the workbench, whose address the administrator copied."""
    page = member.page
    member.go("/t/zaoyuan/")
    page.locator("[name=name]").fill("person001")
    page.locator("[name=password]").fill(password)
    page.locator('form[action$="/sign-in/"] button').click()
    for name in ("new_password", "new_password_again"):  # an administrator set the password
        page.locator(f"[name={name}]").fill("nine green ducks swim")
    page.locator("main form button.btn-primary").click()
    page.locator(".ac-apps a").click()
    agree = page.locator('button[name="agree"]')
    expect(agree.or_(page.locator("dl")).first).to_be_visible()
    if agree.count():
        agree.click()


def withdraw(admin: Person) -> None:
    admin.page.locator('form[action$="/withdraw/"] button').click()
    expect(admin.page.locator("section:has(#sf-rights) tbody tr")).to_have_count(0)


def wait_until_signed_out(member: Person, application: str) -> None:
    """Wait until the seller's page no longer knows the person and the auth centre refuses the sign-in."""

    def signed_out() -> bool:
        member.page.goto(f"{application}/")
        return not member.page.locator("dl", has_text="person001@zaoyuan").count()

    until(signed_out, within=SIGNED_OUT_WITHIN)
