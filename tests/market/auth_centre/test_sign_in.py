"""Sign-in at an enterprise's auth centre: allowed members, delays, and the end of sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from tests.factories.people import PASSWORD, make_buyer
from tests.factories.signing_in import make_joint
from tests.market.auth_centre.browsing import authorize, code_of, redeem, sign_in, tokens, userinfo
from tradepost.market.auth_centre.hosts import HOST_CODE
from tradepost.market.auth_centre.models import SignInSession
from tradepost.market.auth_centre.tenant import COOKIE
from tradepost.market.base import clock
from tradepost.market.identity.limit_storage import hashed
from tradepost.market.identity.models import Throttle
from tradepost.market.organisations.models import Enterprise, Member

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["zhang01", "ZHANG01", " zhang01 ", "zhang01@acme", "zhang01@ACME"])
def test_managed_member_signs_in_by_user_name_with_or_without_the_code(name: str) -> None:
    joint = make_joint(code="acme")
    browser = sign_in(joint, name)
    assert "蓝田制造" in browser.get(joint.home).content.decode()


def test_member_with_a_market_account_signs_in_by_address_or_one_click() -> None:
    buyer = make_buyer(email="Boss@Acme.example")
    joint = make_joint(founder=buyer)
    sign_in(joint, "boss@acme.example")
    browser = Browser()
    browser.force_login(buyer)
    assert f"{joint.home}sign-in/account/" in browser.get(f"{joint.home}sign-in/").content.decode()
    assert browser.post(f"{joint.home}sign-in/account/").status_code == 302
    assert browser.get(joint.home).status_code == 200
    assert [sign_in_session.way for sign_in_session in SignInSession.objects.order_by("pk")] == ["password", "account"]


def test_one_click_needs_the_own_account() -> None:
    joint = make_joint()
    browser = Browser()
    browser.force_login(make_buyer())
    browser.post(f"{joint.home}sign-in/account/")
    assert browser.get(joint.home).status_code == 302
    assert not SignInSession.objects.exists()


@pytest.mark.parametrize("name", ["zhang01", "nobody", "nobody@nowhere.example", "zhang01@other"])
def test_wrong_name_and_wrong_password_have_the_same_message(name: str) -> None:
    joint = make_joint(code="acme")
    answer = Browser().post(f"{joint.home}sign-in/", {"name": name, "password": "wrong"})
    assert answer.status_code == 422
    assert "用户名或密码" in answer.content.decode()
    assert not SignInSession.objects.exists()


def test_sixth_attempt_is_delayed_for_this_name_only() -> None:
    """joint.md §4; counted by name and network, in the database."""
    joint = make_joint()
    url, name = f"{joint.home}sign-in/", f"password of a member/{joint.enterprise.pk} zhang01 from network 127.0.0.1"
    tries = Throttle.objects.filter(key=hashed(name))
    for _ in range(5):
        Browser().post(url, {"name": "zhang01", "password": "wrong"})
    held_up = Browser().post(url, {"name": "ZHANG01 ", "password": PASSWORD})
    assert held_up.status_code == 429
    assert "30" in held_up.content.decode()
    elsewhere = Browser(REMOTE_ADDR="203.0.113.7").post(url, {"name": "zhang01", "password": PASSWORD})
    assert elsewhere.status_code == 302
    tries.update(until=clock.wall() - timedelta(seconds=1))
    Browser().post(url, {"name": "zhang01", "password": "wrong"})
    locked = tries.get()
    assert locked.number == 6
    assert timedelta(seconds=50) < locked.until - clock.wall() <= timedelta(seconds=60)
    tries.update(until=clock.wall() - timedelta(seconds=1))
    sign_in(joint)
    assert not tries.exists()


@pytest.mark.parametrize("loss", ["disabled", "removed", "inactive", "dissolved"])
def test_revoked_access_ends_the_session_at_the_next_request(loss: str) -> None:
    joint = make_joint()
    browser = sign_in(joint)
    access_token = tokens(joint, browser)["access_token"]
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
    assert userinfo(joint, access_token).status_code == (404 if loss == "dissolved" else 401)
    answer = Browser().post(f"{joint.home}sign-in/", {"name": "zhang01", "password": PASSWORD})
    assert answer.status_code == (404 if loss == "dissolved" else 403)


def test_planted_cookie_is_replaced_at_the_sign_in() -> None:
    """Session fixation, close to RFC 9700 §4.7: signing in makes a new secret and ends the earlier session."""
    joint = make_joint()
    thief = sign_in(joint)
    planted = thief.cookies[COOKIE].value
    victim = Browser()
    victim.cookies[COOKIE] = planted
    sign_in(joint, f"{joint.admin.user_name}", browser=victim) if joint.admin.user.has_usable_password() else None
    assert victim.cookies[COOKIE].value != planted
    assert thief.get(joint.home).status_code == 302


def test_cookie_is_limited_to_this_auth_centre() -> None:
    joint, other_joint = make_joint(), make_joint()
    browser = sign_in(joint)
    cookie = browser.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (joint.home, True, "Lax")
    stolen = Browser()
    stolen.cookies[COOKIE] = cookie.value
    assert stolen.get(other_joint.home).status_code == 302
    assert cookie.value not in str(list(SignInSession.objects.values()))


@pytest.mark.parametrize(
    "following", ["//evil.example/", "https://evil.example/", "/console/", "/t/other/", "/t/x/../../console/"]
)
def test_sign_in_redirects_only_within_the_auth_centre(following: str) -> None:
    """RFC 9700 §4.11."""
    joint = make_joint()
    answer = Browser().post(f"{joint.home}sign-in/", {"name": "zhang01", "password": PASSWORD, "next": following})
    assert (answer.status_code, answer["Location"]) == (302, joint.home)


def test_form_may_redirect_only_to_the_requested_callback() -> None:
    """joint.md §9: ``form-action`` also covers the redirect after a form."""
    joint = make_joint()
    browser = Browser()
    sign_in_url = authorize(browser, joint)["Location"]
    assert "form-action 'self' http://127.0.0.1:9;" in browser.get(sign_in_url)["Content-Security-Policy"]
    assert "form-action 'self';" in browser.get(f"{joint.home}sign-in/")["Content-Security-Policy"]
    assert (
        "After signing in, you continue to"
        in browser.get(sign_in_url, headers={"Accept-Language": "en"}).content.decode()
    )


def test_sign_out_ends_tokens_of_applications() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    access_token, code = tokens(joint, browser)["access_token"], code_of(authorize(browser, joint))
    assert browser.post(f"{joint.home}sign-out/")["Location"] == f"{joint.home}sign-in/"
    assert userinfo(joint, access_token).status_code == 401
    assert redeem(joint, code).status_code == 400
    assert browser.get(joint.home).status_code == 302


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ({"redirect_url": "http://127.0.0.1:9/bye"}, "http://127.0.0.1:9/bye"),
        ({"post_logout_redirect_uri": "http://127.0.0.1:9/"}, "http://127.0.0.1:9/"),
        ({"redirect_url": "http://evil.example/"}, "sign-in/"), ({}, "sign-in/"),
    ],
)  # fmt: skip
def test_application_signs_out_and_the_browser_returns(query: dict[str, str], target: str) -> None:
    """B.8: ``redirect_url``; only to an origin of a registered callback."""
    joint = make_joint()
    browser = sign_in(joint)
    access_token = tokens(joint, browser)["access_token"]
    answer = browser.get(f"{joint.home}api/v1/logout", query)
    assert answer.status_code == 302
    assert answer["Location"] == (target if target.startswith("http") else f"{joint.home}{target}")
    assert userinfo(joint, access_token).status_code == 401


def test_sign_in_expires() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    session = SignInSession.objects.get()
    assert session.expires_at - session.begun_at == timedelta(hours=12)
    SignInSession.objects.update(expires_at=clock.wall())
    assert browser.get(joint.home).status_code == 302


def test_unknown_enterprise_has_no_auth_centre() -> None:
    make_joint(code="acme")
    for path in ("/t/nobody/", "/t/nobody/sign-in/", "/t/nobody/.well-known/openid-configuration", "/t/ACME/"):
        assert Browser().get(path).status_code == 404


def test_cookie_covers_the_whole_own_host() -> None:
    joint = make_joint(code="acme")
    at_its_host: Any = {HOST_CODE: "acme"}
    browser = Browser(**at_its_host)
    sign_in(joint, browser=browser)
    assert browser.cookies[COOKIE]["path"] == "/"
