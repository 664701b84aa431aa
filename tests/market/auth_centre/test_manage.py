"""Administrators with an enterprise account enter the enterprise's pages from the auth centre (issue 25, 11; decision
0083)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser

from tests.factories import NOW
from tests.factories.second_step import turn_on
from tests.factories.signing_in import Joint, make_joint, make_member_with_password
from tests.market.auth_centre.browsing import sign_in
from tests.market.engine import react
from tradepost.market.base import clock
from tradepost.market.identity.models import User
from tradepost.market.organisations import initial_password, members, second_step
from tradepost.market.organisations.models import AdminVisit, Enterprise, Member
from tradepost.market.organisations.reset_wait import ResetLimits
from tradepost.market.web.uploads import is_sender_known

pytestmark = pytest.mark.django_db
GAPS = ResetLimits(apart=timedelta(minutes=3), hourly=15, daily=60)


@pytest.fixture
def joint() -> Joint:
    """``zhang01`` is an administrator with an enterprise account."""
    new_joint = make_joint()
    Member.objects.filter(pk=new_joint.member.pk).update(role="admin")
    return new_joint


def pages(joint: Joint) -> str:
    return f"/enterprise/{joint.enterprise.code}/"


def go(browser: Browser, answer: Any) -> Any:
    return browser.get(answer["Location"])


def managing(joint: Joint, browser: Browser | None = None) -> Browser:
    """Follow the links from the workbench to the pages, and return the browser."""
    browser = browser or sign_in(joint)
    assert f"{joint.home}manage/" in browser.get(joint.home).text
    to_pages = browser.get(f"{joint.home}manage/")
    to_centre = go(browser, to_pages)
    back = go(browser, to_centre)
    inside = go(browser, back)
    assert inside["Location"] == f"{pages(joint)}members/", inside.content.decode()
    return browser


def test_administrator_manages_only_the_own_enterprise(joint: Joint) -> None:
    assert Browser().get(pages(joint)).status_code == 302
    browser = managing(joint)
    members_page = browser.get(f"{pages(joint)}members/")
    assert members_page.status_code == 200
    assert f"{pages(joint)}exit/" in members_page.text
    assert "/account/logout/" not in members_page.text
    created = browser.post(f"{pages(joint)}departments/new/", {"code": "RD", "name": "R", "parent": ""})
    assert created.status_code == 302
    for elsewhere in ("/orders/", "/balance/", "/account/password/change/", "/enterprise/"):
        assert browser.get(elsewhere).status_code in {302, 404}, elsewhere
    assert browser.post("/cart/", {}).status_code in {302, 404, 405}
    other_joint = make_joint()
    assert browser.get(pages(other_joint)).status_code == 302, "not of another enterprise"
    browser.cookies["tradepost_enterprise"]["path"] = "/"
    assert browser.get(pages(other_joint)).status_code == 302
    browser.post(f"{pages(joint)}exit/")
    assert browser.get(pages(joint)).status_code == 302
    assert browser.get(joint.home).status_code == 200, "the sign-in continues"


def test_cookie_is_limited_to_these_pages(joint: Joint) -> None:
    cookie = managing(joint).cookies["tradepost_enterprise"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (pages(joint), True, "Lax")


def test_member_import_needs_a_signed_in_administrator(joint: Joint) -> None:
    """Bodies larger than a form are accepted only from a known user."""
    secret = managing(joint).cookies["tradepost_enterprise"].value
    environ = {"HTTP_COOKIE": f"tradepost_enterprise={secret}", "PATH_INFO": f"{pages(joint)}import/"}
    assert is_sender_known(environ)
    assert not is_sender_known(environ | {"PATH_INFO": "/enterprise/other/import/"})
    assert not is_sender_known(environ | {"PATH_INFO": "/uploads/"})
    assert not is_sender_known(environ | {"HTTP_COOKIE": "tradepost_enterprise=x"})


def test_other_members_are_refused(joint: Joint) -> None:
    make_member_with_password(joint.admin, "user01")
    browser = sign_in(joint, "user01")
    assert "manage/" not in browser.get(joint.home).text
    refused = go(browser, go(browser, browser.get(f"{joint.home}manage/")))
    assert refused.status_code == 403
    assert not AdminVisit.objects.exists()


@pytest.mark.parametrize(
    "how", ["role", "disabled", "removed", "locked", "password", "dissolved", "signed out", "time"]
)
def test_session_ends_with_its_basis(joint: Joint, how: str) -> None:
    browser = managing(joint)
    assert browser.get(pages(joint)).status_code == 200
    match how:
        case "role":
            Member.objects.filter(pk=joint.member.pk).update(role="user")
        case "disabled":
            members.disable(joint.member, by=joint.admin, now=NOW)
        case "removed":
            members.remove(joint.member, by=joint.admin, now=NOW)
        case "locked":
            User.objects.filter(pk=joint.member.user_id).update(is_active=False)
        case "password":
            initial_password.reset(joint.member, by=joint.admin, gaps=GAPS, now=clock.now())
        case "dissolved":
            Enterprise.objects.filter(pk=joint.enterprise.pk).update(status="dissolved")
        case "signed out":
            browser.post(f"{joint.home}sign-out/")
        case "time":
            AdminVisit.objects.update(expires_at=clock.wall())
    assert browser.get(pages(joint)).status_code == 302
    assert browser.post(f"{pages(joint)}departments/new/", {"code": "RD", "name": "R", "parent": ""}).status_code == 302


def test_session_ended_elsewhere_ends_here(joint: Joint) -> None:
    browser, elsewhere = managing(joint), sign_in(joint)
    elsewhere.post(f"{joint.home}sign-ins/others/end/")
    assert browser.get(pages(joint)).status_code == 302
    back = managing(joint, elsewhere)
    turn_on(joint.member.user)
    react(now=clock.now())
    assert back.get(pages(joint)).status_code == 302


def test_ticket_works_once_in_its_browser_for_a_minute(joint: Joint) -> None:
    browser = sign_in(joint)
    back = go(browser, go(browser, browser.get(f"{joint.home}manage/")))
    link = back["Location"]
    stranger = Browser()
    stranger.get(f"{pages(joint)}enter/")  # has its own state
    assert stranger.get(link).status_code == 403
    assert browser.get(link).status_code == 403, "used up by the stranger"
    assert not AdminVisit.objects.exclude(secret_hash=None).exists()
    managing(joint, browser)
    used = AdminVisit.objects.exclude(secret_hash=None).get()
    assert used.secret_hash not in {None, used.ticket_hash}
    late_response = go(browser, go(browser, browser.get(f"{joint.home}manage/")))
    AdminVisit.objects.filter(secret_hash=None).update(ticket_until=clock.wall())
    assert browser.get(late_response["Location"]).status_code == 403
    assert Browser().get(f"{pages(joint)}enter/?ticket=x").status_code == 403


def test_second_step_is_asked_when_the_sign_in_had_none(joint: Joint) -> None:
    browser = sign_in(joint)
    second_step.require_for_all(joint.enterprise, wanted=True, by=joint.admin, now=NOW)
    to_centre = go(browser, browser.get(f"{joint.home}manage/"))
    second_step_page = browser.get(to_centre["Location"])
    assert second_step_page["Location"].startswith(f"{joint.home}sign-in/?next=")
    assert browser.get(joint.home).status_code == 302, "signed out"
    assert not AdminVisit.objects.exists()


def test_visitor_returns_after_the_sign_in(joint: Joint) -> None:
    browser = Browser()
    login = browser.get(pages(joint))
    entry = f"{pages(joint)}enter/"
    assert entry in browser.get(login["Location"]).text, "the market's sign-in page links here"
    to_sign_in = go(browser, browser.get(entry))
    following = parse_qs(urlsplit(to_sign_in["Location"]).query)["next"][0]
    signed_in = browser.post(
        f"{joint.home}sign-in/", {"name": "zhang01", "password": "a long password", "next": following}
    )
    from tests.factories.people import PASSWORD

    if signed_in.status_code != 302:
        signed_in = browser.post(f"{joint.home}sign-in/", {"name": "zhang01", "password": PASSWORD, "next": following})
    inside = go(browser, go(browser, signed_in))
    assert inside["Location"] == f"{pages(joint)}members/"
