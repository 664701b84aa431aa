"""Sign-in at an enterprise's auth centre: who gets in, who is held up, and what is ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from tests.factories.people import PASSWORD, make_buyer
from tests.factories.signing_in import make_joint
from tests.market.auth_centre.browsing import authorize, code_of, redeem, sign_in, tokens, userinfo
from tradepost.market.auth_centre.hosts import AT_ITS_HOST
from tradepost.market.auth_centre.models import SignInFailure, SignInSession
from tradepost.market.auth_centre.tenant import COOKIE
from tradepost.market.base import clock
from tradepost.market.organisations.models import Enterprise, Member

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["zhang01", "ZHANG01", " zhang01 ", "zhang01@acme", "zhang01@ACME"])
def test_a_managed_member_signs_in_by_user_name_alone_or_with_the_code(name: str) -> None:
    joint = make_joint(code="acme")
    browser = sign_in(joint, name)
    assert "蓝田制造" in browser.get(joint.home).content.decode()


def test_somebody_with_a_market_account_signs_in_by_its_address_or_by_one_click() -> None:
    buyer = make_buyer(email="Boss@Acme.example")
    joint = make_joint(founder=buyer)
    sign_in(joint, "boss@acme.example")
    browser = Browser()
    browser.force_login(buyer)
    assert f"{joint.home}sign-in/account/" in browser.get(f"{joint.home}sign-in/").content.decode()
    assert browser.post(f"{joint.home}sign-in/account/").status_code == 302
    assert browser.get(joint.home).status_code == 200
    assert [one.way for one in SignInSession.objects.order_by("pk")] == ["password", "account"]


def test_one_click_of_somebody_elses_account_signs_nobody_in() -> None:
    joint = make_joint()
    browser = Browser()
    browser.force_login(make_buyer())
    browser.post(f"{joint.home}sign-in/account/")
    assert browser.get(joint.home).status_code == 302
    assert not SignInSession.objects.exists()


@pytest.mark.parametrize("name", ["zhang01", "nobody", "nobody@nowhere.example", "zhang01@other"])
def test_a_wrong_name_and_a_wrong_password_get_the_same_words(name: str) -> None:
    joint = make_joint(code="acme")
    answer = Browser().post(f"{joint.home}sign-in/", {"name": name, "password": "wrong"})
    assert answer.status_code == 422
    assert "用户名或密码" in answer.content.decode()
    assert not SignInSession.objects.exists()


def test_after_five_wrong_passwords_the_right_one_waits_too_and_others_do_not() -> None:
    """joint.md §4; counted by name and network, in the database."""
    joint = make_joint()
    url = f"{joint.home}sign-in/"
    for _ in range(5):
        Browser().post(url, {"name": "zhang01", "password": "wrong"})
    held_up = Browser().post(url, {"name": "ZHANG01 ", "password": PASSWORD})
    assert held_up.status_code == 429
    assert "30" in held_up.content.decode()
    elsewhere = Browser(REMOTE_ADDR="203.0.113.7").post(url, {"name": "zhang01", "password": PASSWORD})
    assert elsewhere.status_code == 302
    SignInFailure.objects.update(locked_until=clock.wall() - timedelta(seconds=1))
    Browser().post(url, {"name": "zhang01", "password": "wrong"})
    locked = SignInFailure.objects.get()
    assert locked.failures == 6
    assert timedelta(seconds=50) < locked.locked_until - clock.wall() <= timedelta(seconds=60)
    SignInFailure.objects.update(locked_until=clock.wall() - timedelta(seconds=1))
    sign_in(joint)
    assert not SignInFailure.objects.exists()


@pytest.mark.parametrize("loss", ["disabled", "removed", "inactive", "dissolved"])
def test_who_may_no_longer_enter_is_out_with_the_next_request(loss: str) -> None:
    joint = make_joint()
    browser = sign_in(joint)
    held = tokens(joint, browser)["access_token"]
    if loss == "disabled":
        Member.objects.filter(pk=joint.member.pk).update(enabled=False)
    elif loss == "removed":
        Member.objects.filter(pk=joint.member.pk).update(removed_at=clock.now())
    elif loss == "inactive":
        joint.member.user.is_active = False
        joint.member.user.save(update_fields=["is_active"])
    else:
        Enterprise.objects.filter(pk=joint.enterprise.pk).update(status=Enterprise.Status.DISSOLVED)
    assert browser.get(joint.home).status_code == (404 if loss == "dissolved" else 302)
    assert userinfo(joint, held).status_code == (404 if loss == "dissolved" else 401)
    answer = Browser().post(f"{joint.home}sign-in/", {"name": "zhang01", "password": PASSWORD})
    assert answer.status_code == (404 if loss == "dissolved" else 403)


def test_a_cookie_that_was_planted_beforehand_opens_nothing() -> None:
    """RFC 9700 §4.7's neighbour, session fixation: signing in draws a new secret, and ends what stood in the browser."""
    joint = make_joint()
    thief = sign_in(joint)
    planted = thief.cookies[COOKIE].value
    victim = Browser()
    victim.cookies[COOKIE] = planted
    sign_in(joint, f"{joint.admin.user_name}", browser=victim) if joint.admin.user.has_usable_password() else None
    assert victim.cookies[COOKIE].value != planted
    assert thief.get(joint.home).status_code == 302


def test_the_cookie_is_for_this_auth_centre_alone() -> None:
    joint, other = make_joint(), make_joint()
    browser = sign_in(joint)
    cookie = browser.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (joint.home, True, "Lax")
    stolen = Browser()
    stolen.cookies[COOKIE] = cookie.value
    assert stolen.get(other.home).status_code == 302
    assert cookie.value not in str(list(SignInSession.objects.values()))


@pytest.mark.parametrize(
    "following", ["//evil.example/", "https://evil.example/", "/console/", "/t/other/", "/t/x/../../console/"]
)
def test_signing_in_leads_to_nowhere_else(following: str) -> None:
    """RFC 9700 §4.11."""
    joint = make_joint()
    answer = Browser().post(f"{joint.home}sign-in/", {"name": "zhang01", "password": PASSWORD, "next": following})
    assert (answer.status_code, answer["Location"]) == (302, joint.home)


def test_the_form_may_end_at_the_callback_that_was_asked_for_and_nowhere_else() -> None:
    """joint.md §9: ``form-action`` holds the redirect after a form, too."""
    joint = make_joint()
    browser = Browser()
    asked = authorize(browser, joint)["Location"]
    assert "form-action 'self' http://127.0.0.1:9;" in browser.get(asked)["Content-Security-Policy"]
    assert "form-action 'self';" in browser.get(f"{joint.home}sign-in/")["Content-Security-Policy"]
    assert "You go on to" in browser.get(asked, headers={"Accept-Language": "en"}).content.decode()


def test_signing_out_ends_what_applications_hold() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    held, code = tokens(joint, browser)["access_token"], code_of(authorize(browser, joint))
    assert browser.post(f"{joint.home}sign-out/")["Location"] == f"{joint.home}sign-in/"
    assert userinfo(joint, held).status_code == 401
    assert redeem(joint, code).status_code == 400
    assert browser.get(joint.home).status_code == 302


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ({"redirect_url": "http://127.0.0.1:9/bye"}, "http://127.0.0.1:9/bye"),
        ({"post_logout_redirect_uri": "http://127.0.0.1:9/"}, "http://127.0.0.1:9/"),
        ({"redirect_url": "http://evil.example/"}, "sign-in/"), ({}, "sign-in/"),
    ],
)  # fmt: skip
def test_an_application_signs_out_and_gets_the_browser_back(asked: dict[str, str], goes: str) -> None:
    """B.8: ``redirect_url``; only to an origin of a registered callback."""
    joint = make_joint()
    browser = sign_in(joint)
    held = tokens(joint, browser)["access_token"]
    answer = browser.get(f"{joint.home}api/v1/logout", asked)
    assert answer.status_code == 302
    assert answer["Location"] == (goes if goes.startswith("http") else f"{joint.home}{goes}")
    assert userinfo(joint, held).status_code == 401


def test_a_sign_in_is_over_after_its_hours() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    session = SignInSession.objects.get()
    assert session.expires_at - session.begun_at == timedelta(hours=12)
    SignInSession.objects.update(expires_at=clock.wall())
    assert browser.get(joint.home).status_code == 302


def test_there_is_no_auth_centre_of_an_enterprise_that_is_not_there() -> None:
    make_joint(code="acme")
    for path in ("/t/nobody/", "/t/nobody/sign-in/", "/t/nobody/.well-known/openid-configuration", "/t/ACME/"):
        assert Browser().get(path).status_code == 404


def test_at_its_own_host_the_cookie_is_for_all_of_it() -> None:
    joint = make_joint(code="acme")
    at_its_host: Any = {AT_ITS_HOST: "acme"}
    browser = Browser(**at_its_host)
    sign_in(joint, browser=browser)
    assert browser.cookies[COOKIE]["path"] == "/"
