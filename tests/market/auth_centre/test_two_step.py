"""The second step at an enterprise's sign-in: given, turned on because the enterprise asks for it, changed by its member."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client as Browser

from tests.factories import NOW
from tests.factories.people import PASSWORD, make_buyer
from tests.factories.second_step import App, is_on, turn_on
from tests.factories.signing_in import Joint, make_joint
from tests.market.auth_centre.browsing import authorize, claims_of, code_of, sign_in, tokens, userinfo
from tradepost.market.auth_centre import pending, reactions
from tradepost.market.auth_centre.models import SignInSession
from tradepost.market.auth_centre.tenant import COOKIE
from tradepost.market.base import clock
from tradepost.market.base.secrets import seal
from tradepost.market.identity import second_factor, totp
from tradepost.market.identity.events import SignInChanged
from tradepost.market.identity.models import SecondFactor
from tradepost.market.organisations import initial_password, second_step
from tradepost.market.organisations.reset_wait import Gaps

pytestmark = pytest.mark.django_db
GAPS = Gaps(apart=timedelta(minutes=3), hourly=15, daily=60)


@pytest.fixture(autouse=True)
def short_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of 3072 bits takes a second."""
    monkeypatch.setattr("tradepost.market.auth_centre.signing_keys.BITS", 2048)


@pytest.fixture
def joint() -> Joint:
    return make_joint()


@pytest.fixture
def app(joint: Joint) -> App:
    return turn_on(joint.member.user)


def required(joint: Joint) -> None:
    second_step.ask_of_all(joint.enterprise, wanted=True, by=joint.admin, now=NOW)


def password(joint: Joint, following: str = "", browser: Browser | None = None) -> tuple[Browser, Any]:
    browser = browser or Browser(headers={"accept-language": "en"})
    answer = browser.post(f"{joint.home}sign-in/", {"name": "zhang01", "password": PASSWORD, "next": following})
    return browser, answer


def inside(browser: Browser, joint: Joint) -> bool:
    return browser.get(joint.home).status_code == 200


def turn_on_by_page(browser: Browser, url: str, **more: str) -> Any:
    page = browser.get(url).content.decode()
    draft, secret = re.search(r'name="draft" value="([^"]+)"', page), re.search(r'"tp-mono">([^<]+)</p>', page)
    assert draft
    assert secret
    code = totp.code_at(secret[1].replace(" ", ""), totp.step_of(clock.wall()))
    return browser.post(url, {"draft": unescape(draft[1]), "code": code, "password": PASSWORD} | more)


def test_the_password_alone_signs_nobody_in(joint: Joint, app: App) -> None:
    browser, answer = password(joint)
    assert answer["Location"].startswith(f"{joint.home}sign-in/second-step/")
    assert not inside(browser, joint)
    assert not SignInSession.objects.exists()
    assert COOKIE not in browser.cookies


def test_with_a_code_the_sign_in_goes_on_to_the_application(joint: Joint, app: App) -> None:
    """B.4; and the id token says how (RFC 8176)."""
    browser = Browser(headers={"accept-language": "en"})
    asked = authorize(browser, joint, scope="openid")["Location"]
    following = unquote(asked.split("next=", 1)[1])
    browser, answer = password(joint, following, browser)
    page = browser.get(answer["Location"])
    assert "form-action 'self' http://127.0.0.1:9;" in page["Content-Security-Policy"]
    onward = browser.post(answer["Location"], {"code": app.code(), "next": following})
    assert onward["Location"] == following
    assert "code=" in browser.get(onward["Location"])["Location"]
    assert SignInSession.objects.get().second_step == "otp"


@pytest.mark.parametrize(
    ("second", "methods"), [("", ["pwd"]), ("otp", ["pwd", "otp", "mfa"]), ("recovery", ["pwd", "mfa"])]
)
def test_applications_are_told_how_a_member_signed_in(joint: Joint, second: str, methods: list[str]) -> None:
    """OpenID Connect Core §2 ``amr``, RFC 8176 §2."""
    if second:
        app = turn_on(joint.member.user)
        browser, answer = password(joint)
        browser.post(answer["Location"], {"code": app.code() if second == "otp" else app.codes[0]})
    else:
        browser = sign_in(joint)
    told = tokens(joint, browser, scope="openid")
    assert claims_of(joint, told["id_token"])["amr"] == methods


def test_wrong_used_and_other_peoples_codes_sign_nobody_in(joint: Joint, app: App) -> None:
    browser, answer = password(joint)
    other = turn_on(make_buyer(balance="0"))
    for code in ("000000", "", other.code(), other.codes[0], "x" * 100):
        assert browser.post(answer["Location"], {"code": code}).status_code == 422
    assert not inside(browser, joint)
    used, answer = password(joint)
    assert used.post(answer["Location"], {"code": app.codes[0]}).status_code == 302
    assert browser.post(answer["Location"], {"code": app.codes[0]}).status_code in {422, 429}
    assert not SignInSession.objects.exclude(second_step="recovery").exists()


def test_what_waits_is_this_auth_centres_for_minutes_until_the_password_changes(
    joint: Joint, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, answer = password(joint)
    url, kept = answer["Location"], browser.cookies[pending.PENDING]
    assert (kept["path"], kept["httponly"]) == (f"{joint.home}sign-in/", True)
    assert browser.get(url).status_code == 200
    elsewhere, other = Browser(), make_joint()
    elsewhere.cookies[pending.PENDING] = kept.value
    assert elsewhere.get(f"{other.home}sign-in/second-step/").status_code == 302
    forged = Browser()
    for sealed in (seal("[]"), second_factor.draft(joint.member.user, wall=clock.wall()).sealed):
        forged.cookies[pending.PENDING] = sealed
        assert forged.post(url, {"code": app.code()}).status_code == 302
    monkeypatch.setattr(pending, "LIFE", timedelta(seconds=-1))
    assert browser.post(url, {"code": app.code()})["Location"].startswith(f"{joint.home}sign-in/?")
    monkeypatch.undo()
    browser, answer = password(joint)
    initial_password.reset(joint.member, by=joint.admin, gaps=GAPS, now=clock.now())
    assert browser.post(answer["Location"], {"code": app.code()}).status_code == 302
    assert not SignInSession.objects.exists()


def test_where_it_is_asked_of_all_it_is_turned_on_before_one_is_in(joint: Joint) -> None:
    required(joint)
    browser, answer = password(joint)
    url = answer["Location"]
    assert url.startswith(f"{joint.home}sign-in/set-up/")
    assert joint.enterprise.name in browser.get(url).content.decode()
    assert browser.get(f"{joint.home}two-step/on/").status_code == 302
    assert turn_on_by_page(browser, url, code="000000").status_code == 422
    assert (is_on(joint.member.user), inside(browser, joint)) == (False, False)
    shown = turn_on_by_page(browser, url)
    assert len(re.findall(r'"tp-mono">\w{5}-\w{5}<', shown.content.decode())) == 10
    assert inside(browser, joint)
    assert SignInSession.objects.get().second_step == "otp"
    assert password(joint)[1]["Location"].startswith(f"{joint.home}sign-in/second-step/")


def test_nobody_turns_off_what_the_enterprise_asks(joint: Joint, app: App) -> None:
    browser, answer = password(joint)
    browser.post(answer["Location"], {"code": app.codes[0]})
    required(joint)
    answer = browser.post(f"{joint.home}two-step/off/", {"password": PASSWORD, "code": app.code()})
    assert answer.status_code == 409
    assert is_on(joint.member.user)


def test_with_the_market_account_its_two_steps_count_and_a_password_alone_does_not() -> None:
    buyer = make_buyer(balance="0")
    joint = make_joint(founder=buyer)
    required(joint)
    browser = Browser()
    browser.force_login(buyer)
    answer = browser.post(f"{joint.home}sign-in/account/")
    assert answer["Location"].startswith(f"{joint.home}sign-in/set-up/")
    assert turn_on_by_page(browser, answer["Location"], password="wrong").status_code == 422  # it was not given here
    assert turn_on_by_page(browser, answer["Location"]).status_code == 200
    assert inside(browser, joint)
    again = Browser()
    buyer.refresh_from_db()
    again.force_login(buyer)
    assert again.post(f"{joint.home}sign-in/account/")["Location"] == joint.home
    assert [one.second_step for one in SignInSession.objects.order_by("pk")] == ["otp", "market"]


def test_a_member_turns_it_on_and_off_and_others_are_signed_out(joint: Joint) -> None:
    browser, other = sign_in(joint), sign_in(joint)
    held = tokens(joint, other)["access_token"]
    assert turn_on_by_page(browser, f"{joint.home}two-step/on/").status_code == 200
    assert (inside(browser, joint), inside(other, joint)) == (True, False)
    assert userinfo(joint, held).status_code == 401
    assert browser.get(f"{joint.home}two-step/").status_code == 200
    app = turn_on_again(joint)
    assert browser.post(f"{joint.home}two-step/codes/", {"password": "x", "code": app.codes[0]}).status_code == 422
    answer = browser.post(f"{joint.home}two-step/off/", {"password": PASSWORD, "code": app.codes[0]})
    assert answer["Location"] == f"{joint.home}two-step/"
    assert not is_on(joint.member.user)
    assert inside(browser, joint)
    assert code_of(authorize(browser, joint))


def turn_on_again(joint: Joint) -> App:
    """With an app that the test knows."""
    SecondFactor.objects.filter(user=joint.member.user).delete()
    return turn_on(joint.member.user)


@pytest.mark.parametrize(("what", "ended"), [("password", True), ("on", True), ("reset", True), ("codes", False)])
def test_what_was_begun_before_a_change_ends_and_what_began_after_goes_on(
    joint: Joint, what: str, *, ended: bool
) -> None:
    before = sign_in(joint)
    at = clock.wall()
    after = sign_in(joint)
    event = SignInChanged(user=joint.member.user_id, what=what, at=at)
    reactions.on_sign_in_changed(event, NOW)
    reactions.on_sign_in_changed(event, NOW)
    assert (inside(before, joint), inside(after, joint)) == (not ended, True)


def test_prompt_login_asks_for_the_second_step_as_well(joint: Joint, app: App) -> None:
    """OpenID Connect Core §3.1.2.1; ``max_age`` goes the same way."""
    browser, answer = password(joint)
    browser.post(answer["Location"], {"code": app.codes[0]})
    asked = authorize(browser, joint, scope="openid", prompt="login")["Location"]
    assert asked.startswith(f"{joint.home}sign-in/?next=")
    assert password(joint, browser=browser)[1]["Location"].startswith(f"{joint.home}sign-in/second-step/")
