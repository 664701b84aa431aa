"""The second step at an enterprise's sign-in: entering it, required setup, and changes by the member."""

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
from tradepost.market.organisations.reset_wait import ResetLimits

pytestmark = pytest.mark.django_db
GAPS = ResetLimits(apart=timedelta(minutes=3), hourly=15, daily=60)


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


def require_two_step(joint: Joint) -> None:
    second_step.require_for_all(joint.enterprise, wanted=True, by=joint.admin, now=NOW)


def submit_password(joint: Joint, following: str = "", browser: Browser | None = None) -> tuple[Browser, Any]:
    browser = browser or Browser(headers={"accept-language": "en"})
    answer = browser.post(f"{joint.home}sign-in/", {"name": "zhang01", "password": PASSWORD, "next": following})
    return browser, answer


def signed_in(browser: Browser, joint: Joint) -> bool:
    return browser.get(joint.home).status_code == 200


def turn_on_by_page(browser: Browser, url: str, **more: str) -> Any:
    page = browser.get(url).content.decode()
    draft, secret = re.search(r'name="draft" value="([^"]+)"', page), re.search(r'"tp-mono">([^<]+)</p>', page)
    assert draft
    assert secret
    code = totp.code_at(secret[1].replace(" ", ""), totp.step_of(clock.wall()))
    return browser.post(url, {"draft": unescape(draft[1]), "code": code, "password": PASSWORD} | more)


def test_password_alone_does_not_sign_in(joint: Joint, app: App) -> None:
    browser, answer = submit_password(joint)
    assert answer["Location"].startswith(f"{joint.home}sign-in/second-step/")
    assert not signed_in(browser, joint)
    assert not SignInSession.objects.exists()
    assert COOKIE not in browser.cookies


def test_code_completes_the_sign_in_to_the_application(joint: Joint, app: App) -> None:
    """B.4; the ID token names the methods (RFC 8176)."""
    browser = Browser(headers={"accept-language": "en"})
    sign_in_url = authorize(browser, joint, scope="openid")["Location"]
    following = unquote(sign_in_url.split("next=", 1)[1])
    browser, answer = submit_password(joint, following, browser)
    page = browser.get(answer["Location"])
    assert "form-action 'self' http://127.0.0.1:9;" in page["Content-Security-Policy"]
    onward = browser.post(answer["Location"], {"code": app.code(), "next": following})
    assert onward["Location"] == following
    assert "code=" in browser.get(onward["Location"])["Location"]
    assert SignInSession.objects.get().second_step == "otp"


@pytest.mark.parametrize(
    ("second", "methods"), [("", ["pwd"]), ("otp", ["pwd", "otp", "mfa"]), ("recovery", ["pwd", "mfa"])]
)
def test_applications_get_the_sign_in_methods(joint: Joint, second: str, methods: list[str]) -> None:
    """OpenID Connect Core §2 ``amr``, RFC 8176 §2."""
    if second:
        app = turn_on(joint.member.user)
        browser, answer = submit_password(joint)
        browser.post(answer["Location"], {"code": app.code() if second == "otp" else app.codes[0]})
    else:
        browser = sign_in(joint)
    token_response = tokens(joint, browser, scope="openid")
    assert claims_of(joint, token_response["id_token"])["amr"] == methods


def test_invalid_used_and_foreign_codes_do_not_sign_in(joint: Joint, app: App) -> None:
    browser, answer = submit_password(joint)
    other_app = turn_on(make_buyer(balance="0"))
    for code in ("000000", "", other_app.code(), other_app.codes[0], "x" * 100):
        assert browser.post(answer["Location"], {"code": code}).status_code == 422
    assert not signed_in(browser, joint)
    used, answer = submit_password(joint)
    assert used.post(answer["Location"], {"code": app.codes[0]}).status_code == 302
    assert browser.post(answer["Location"], {"code": app.codes[0]}).status_code in {422, 429}
    assert not SignInSession.objects.exclude(second_step="recovery").exists()


def test_pending_sign_in_is_bound_to_auth_centre_time_and_password(
    joint: Joint, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, answer = submit_password(joint)
    url, pending_cookie = answer["Location"], browser.cookies[pending.PENDING]
    assert (pending_cookie["path"], pending_cookie["httponly"]) == (f"{joint.home}sign-in/", True)
    assert browser.get(url).status_code == 200
    elsewhere, other_joint = Browser(), make_joint()
    elsewhere.cookies[pending.PENDING] = pending_cookie.value
    assert elsewhere.get(f"{other_joint.home}sign-in/second-step/").status_code == 302
    forged = Browser()
    for sealed in (seal("[]"), second_factor.draft(joint.member.user, wall=clock.wall()).sealed):
        forged.cookies[pending.PENDING] = sealed
        assert forged.post(url, {"code": app.code()}).status_code == 302
    monkeypatch.setattr(pending, "LIFETIME", timedelta(seconds=-1))
    assert browser.post(url, {"code": app.code()})["Location"].startswith(f"{joint.home}sign-in/?")
    monkeypatch.undo()
    browser, answer = submit_password(joint)
    initial_password.reset(joint.member, by=joint.admin, gaps=GAPS, now=clock.now())
    assert browser.post(answer["Location"], {"code": app.code()}).status_code == 302
    assert not SignInSession.objects.exists()


def test_required_second_step_is_set_up_before_the_first_access(joint: Joint) -> None:
    require_two_step(joint)
    browser, answer = submit_password(joint)
    url = answer["Location"]
    assert url.startswith(f"{joint.home}sign-in/set-up/")
    assert joint.enterprise.name in browser.get(url).content.decode()
    assert browser.get(f"{joint.home}two-step/on/").status_code == 302
    assert turn_on_by_page(browser, url, code="000000").status_code == 422
    assert (is_on(joint.member.user), signed_in(browser, joint)) == (False, False)
    recovery_codes = turn_on_by_page(browser, url)
    assert len(re.findall(r'"tp-mono">\w{5}-\w{5}<', recovery_codes.content.decode())) == 10
    assert signed_in(browser, joint)
    assert SignInSession.objects.get().second_step == "otp"
    assert submit_password(joint)[1]["Location"].startswith(f"{joint.home}sign-in/second-step/")


def test_required_second_step_cannot_be_turned_off(joint: Joint, app: App) -> None:
    browser, answer = submit_password(joint)
    browser.post(answer["Location"], {"code": app.codes[0]})
    require_two_step(joint)
    answer = browser.post(f"{joint.home}two-step/off/", {"password": PASSWORD, "code": app.code()})
    assert answer.status_code == 409
    assert is_on(joint.member.user)


def test_market_account_needs_its_second_step() -> None:
    buyer = make_buyer(balance="0")
    joint = make_joint(founder=buyer)
    require_two_step(joint)
    browser = Browser()
    browser.force_login(buyer)
    answer = browser.post(f"{joint.home}sign-in/account/")
    assert answer["Location"].startswith(f"{joint.home}sign-in/set-up/")
    assert (
        turn_on_by_page(browser, answer["Location"], password="wrong").status_code == 422
    )  # the password was not typed here
    assert turn_on_by_page(browser, answer["Location"]).status_code == 200
    assert signed_in(browser, joint)
    second_browser = Browser()
    buyer.refresh_from_db()
    second_browser.force_login(buyer)
    assert second_browser.post(f"{joint.home}sign-in/account/")["Location"] == joint.home
    assert [sign_in_session.second_step for sign_in_session in SignInSession.objects.order_by("pk")] == [
        "otp",
        "market",
    ]


def test_turning_it_on_or_off_signs_out_other_browsers(joint: Joint) -> None:
    browser, other_browser = sign_in(joint), sign_in(joint)
    access_token = tokens(joint, other_browser)["access_token"]
    assert turn_on_by_page(browser, f"{joint.home}two-step/on/").status_code == 200
    assert (signed_in(browser, joint), signed_in(other_browser, joint)) == (True, False)
    assert userinfo(joint, access_token).status_code == 401
    assert browser.get(f"{joint.home}two-step/").status_code == 200
    app = turn_on_again(joint)
    assert browser.post(f"{joint.home}two-step/codes/", {"password": "x", "code": app.codes[0]}).status_code == 422
    answer = browser.post(f"{joint.home}two-step/off/", {"password": PASSWORD, "code": app.codes[0]})
    assert answer["Location"] == f"{joint.home}two-step/"
    assert not is_on(joint.member.user)
    assert signed_in(browser, joint)
    assert code_of(authorize(browser, joint))


def turn_on_again(joint: Joint) -> App:
    """Turn it on with an app that the test knows."""
    SecondFactor.objects.filter(user=joint.member.user).delete()
    return turn_on(joint.member.user)


@pytest.mark.parametrize(("change", "ended"), [("password", True), ("on", True), ("reset", True), ("codes", False)])
def test_changes_end_pending_sign_ins_begun_before(joint: Joint, change: str, *, ended: bool) -> None:
    before = sign_in(joint)
    at = clock.wall()
    after = sign_in(joint)
    event = SignInChanged(user=joint.member.user_id, what=change, at=at)
    reactions.on_sign_in_changed(event, NOW)
    reactions.on_sign_in_changed(event, NOW)
    assert (signed_in(before, joint), signed_in(after, joint)) == (not ended, True)


def test_prompt_login_asks_for_the_second_step_too(joint: Joint, app: App) -> None:
    """OpenID Connect Core §3.1.2.1; ``max_age`` works the same way."""
    browser, answer = submit_password(joint)
    browser.post(answer["Location"], {"code": app.codes[0]})
    sign_in_url = authorize(browser, joint, scope="openid", prompt="login")["Location"]
    assert sign_in_url.startswith(f"{joint.home}sign-in/?next=")
    assert submit_password(joint, browser=browser)[1]["Location"].startswith(f"{joint.home}sign-in/second-step/")
