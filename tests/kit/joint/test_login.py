"""Signing in through a tenant's auth centre, by OAuth and by CAS, and the sessions that follow (openapi-jointkit §B)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest

from tests.kit.joint.directories import application, person, tenant, users
from tests.kit.joint.place import CALLBACK, Browser, place, problem_of, server, visit, with_cas
from tradepost.kit.joint import SignedIn, problems
from tradepost.kit.joint.renewal import GRACE_PERIOD
from tradepost.protocols.sync_commands import SyncFlag

__all__ = ["place", "server"]


def test_person_signs_in_and_is_recognised(place):
    """§B.2: domain, client and secret are found by tenant and application in the synchronised data."""
    reply = place.browser.sign_in(onward="/reports?month=7")
    assert reply.location == "/reports?month=7"
    assert place.browser.who == SignedIn(
        tenant_id="t1", tenant_code="code-t1", tenant_name="Enterprise t1", user_name="zhang01",
        name="Name of zhang01", admin=False, department="D1", instance_ids=("i1",),
    )  # fmt: skip
    assert place.browser.who.account == "zhang01@code-t1"
    assert place.server.asked == ["api/v1/oauth2/authorize", "api/v1/oauth2/token", "api/v1/oauth2/userinfo"]
    assert sorted(place.browser.cookies) == ["__Host-joint", "__Host-joint_tenant"]
    # The values in the database are useless as a session.
    (session,) = place.sync.directory._sessions.values()
    assert place.browser.cookies["__Host-joint"] not in repr(session)
    assert not any(token in session.sealed_tokens for token in place.server.refreshes)


def test_role_is_that_of_the_last_call(place):
    """§A.7: the seller must grant administrator rights to ``admin``."""
    place.server.signed_in["t1"] = "li02"
    place.browser.sign_in()
    assert place.browser.who is not None
    assert place.browser.who.admin
    place.tell(users(person("li02"), flag=SyncFlag.MODIFY))
    assert not place.browser.who.admin


@pytest.mark.parametrize(
    "taken",
    [users(person(), flag=SyncFlag.DELETE), users(person(), flag=SyncFlag.CANCEL_AUTHORISATION),
     users(person(enabled=False), flag=SyncFlag.MODIFY), tenant(flag=SyncFlag.DELETE)],
    ids=["deleted", "cancelled", "disabled", "tenant-gone"],
)  # fmt: skip
def test_withdrawn_person_is_signed_out_permanently(place, taken):
    """§A.7: flags 0 and 3, ``enable``."""
    place.browser.sign_in()
    place.tell(taken)
    assert place.browser.who is None
    reply = place.browser.begin()
    refused = reply if reply.problem else place.browser.callback(visit(reply.location))
    assert problem_of(refused) in {problems.NOT_AUTHORISED, problems.NOT_BOUND}
    # Authorised again: the old session stays ended.
    place.tell(tenant(domain=place.server.domain()), application(), users(person()))
    assert place.browser.who is None
    assert place.browser.sign_in().location == "/"


def test_code_without_state_starts_a_new_sign_in(place):
    """§B.2, §B.3: the unified login page sends code and tenant without a state, so the owner of the code is unknown."""
    code = place.server.code(callback=CALLBACK)
    place.browser.take(place.browser.login.begin("", "/onward", {}))
    reply = place.browser.callback({"code": code, "tenant": "t1"})
    assert reply.location.startswith(f"{place.server.domain()}/api/v1/oauth2/authorize?")
    assert place.server.asked == []
    assert not place.browser.is_in
    assert place.browser.callback(visit(reply.location)).location == "/onward"
    assert not place.server.codes[code].used


def test_people_without_a_known_enterprise_go_to_the_unified_page(place):
    """§B.3: the parameters are in the fragment."""
    assert place.browser.begin("").location == (
        "https://market.example.com/unified-login/#/portal-login?ind=UNOP&appId=a1"
    )
    nowhere = replace(place.browser.login, market="")
    assert problem_of(nowhere.begin("")) == problems.NO_TENANT
    # A returning visitor goes to the page of the own tenant.
    place.browser.sign_in()
    assert place.browser.begin("").location.startswith(place.server.domain())


def test_missing_credential_is_logged(place, caplog):
    """§B.1: the application id comes with the credential."""
    nobody = replace(place.browser.login, app_id="")
    assert problem_of(nobody.begin("t1")) == problems.MISCONFIGURED
    assert "the id of the credential" in caplog.text


def test_sign_out_ends_the_session_here_and_at_the_auth_centre(place):
    """§B.8: the parameter is redirect_url; the seller clears its own session."""
    place.browser.sign_in()
    before = dict(place.browser.cookies)
    reply = place.browser.take(place.browser.login.leave(place.browser.cookies))
    asked = urlencode({"redirect_url": "https://app.example.com/"})
    assert reply.location == f"{place.server.domain()}/api/v1/logout?{asked}"
    assert list(place.browser.cookies) == ["__Host-joint_tenant"]
    assert place.browser.begin("").location.startswith(place.server.domain())
    assert place.browser.login.who(before) is None
    assert place.browser.login.leave({}).location == "/"


def test_new_sign_in_ends_the_previous_session(place):
    place.browser.sign_in()
    before = dict(place.browser.cookies)
    place.browser.sign_in()
    assert place.browser.login.who(before) is None
    assert place.browser.who is not None


def test_two_tabs_can_sign_in_at_the_same_time(place):
    first, second = place.browser.begin(onward="/one"), place.browser.begin(onward="/two")
    assert place.browser.callback(visit(first.location)).location == "/one"
    assert place.browser.callback(visit(second.location)).location == "/two"


# --- sessions ------------------------------------------------------------------------------------------------------------


def test_session_is_confirmed_when_its_token_expires(place):
    """§B.6: access tokens live for two hours, a refresh token is used once."""
    place.browser.sign_in()
    place.server.asked.clear()
    place.later(timedelta(hours=1, minutes=59))
    assert place.browser.who is not None
    assert place.server.asked == []
    place.later(timedelta(minutes=2))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: place.browser.login.who(place.browser.cookies), range(8)))
    assert all(found)
    assert place.server.asked == ["api/v1/oauth2/token", "api/v1/oauth2/userinfo"]
    place.later(timedelta(hours=3))
    assert place.browser.who is not None
    place.later(timedelta(hours=8))
    assert place.browser.who is None, "twelve hours are over"


def test_session_ends_if_the_auth_centre_does_not_confirm_it(place):
    place.browser.sign_in()
    place.later(timedelta(hours=3))
    for grant in place.server.refreshes.values():
        grant.used = True
    assert place.browser.who is None
    assert place.sync.directory._sessions == {}


def test_session_outlives_a_short_outage_of_the_auth_centre(place):
    place.browser.sign_in()
    place.later(timedelta(hours=2))
    place.tell(tenant(domain="http://127.0.0.1:1"))
    assert place.browser.who is not None
    place.later(GRACE_PERIOD)
    assert place.browser.who is None
    place.tell(tenant(domain=place.server.domain()))
    place.later(timedelta(minutes=1))
    assert place.browser.who is not None


def test_session_ends_if_another_person_is_confirmed(place):
    place.browser.sign_in()
    place.later(timedelta(hours=3))
    place.server.says = {"userName": "li02"}
    assert place.browser.who is None


@pytest.mark.parametrize("life", [None, 0, -1, True, "60", 10**18, "x"])
def test_invalid_lifetime_means_two_hours(place, life):
    place.server.life = life
    place.browser.sign_in()
    place.server.asked.clear()
    place.later(timedelta(minutes=59))
    assert place.browser.who is not None
    assert bool(place.server.asked) is (life == "60")


def test_session_without_a_refresh_token_ends_with_its_token(place):
    """§B.5: an older text gives one only when configured."""
    place.server.gives_refresh = False
    place.browser.sign_in()
    place.later(timedelta(hours=2))
    assert place.browser.who is None


def test_session_of_another_application_is_invalid(place):
    place.browser.sign_in()
    assert replace(place.browser.login, app_id="a2").who(place.browser.cookies) is None
    assert place.browser.login.who({"__Host-joint": "made up"}) is None


def test_secret_of_the_other_instance_is_tried_during_a_change(place):
    """§A.6: applicationSync flag 2 comes instance by instance."""
    place.tell(tenant(instance="i2", domain=place.server.domain()), application(instance="i2", secret="new secret"))
    place.server.clients["t1"]["client-1"] = "new secret"
    assert place.browser.sign_in().location == "/"
    place.server.clients["t1"]["client-1"] = "another one"
    assert problem_of(place.browser.sign_in()) == problems.MISCONFIGURED


# --- CAS -----------------------------------------------------------------------------------------------------------------


def test_person_signs_in_by_cas(place):
    """§B.9: serviceValidate in JSON, with exactly this callback."""
    browser = with_cas(place)
    reply = browser.sign_in(onward="/x")
    assert reply.location == "/x"
    assert browser.who is not None
    assert browser.who.user_name == "zhang01"
    place.later(timedelta(hours=3))
    assert browser.who is not None, "CAS has no tokens that end"
    assert place.server.asked == ["cas/login", "api/v1/cas/p3/serviceValidate"]


def test_ticket_that_this_browser_did_not_request_is_not_used(place):
    browser = with_cas(place)
    ticket = visit(Browser(browser.login).begin().location)
    reply = browser.callback({**ticket, "tenant": "t1"})
    assert urlsplit(reply.location).path == "/t/t1/cas/login"
    assert ticket["ticket"] in place.server.tickets
    assert browser.callback(visit(reply.location)).location == "/"
    assert problem_of(with_cas(place).callback(ticket)) == problems.NOT_BEGUN_HERE


@pytest.mark.parametrize(("spoil", "problem"), [
    ({"ticket": "ST-made-up"}, problems.SIGN_IN_EXPIRED),
    ({"tenant": "t2"}, problems.OTHER_TENANT),
    ({"ticket": ""}, problems.INCOMPLETE),
])  # fmt: skip
def test_wrong_ticket_is_refused(place, spoil, problem):
    browser = with_cas(place)
    query = visit(browser.begin().location) | spoil
    assert problem_of(browser.callback(query)) == problem
    assert not browser.is_in


def test_attributes_may_be_lists_of_one(place):
    place.server.says = {"userName": ["li02"], "tenant": ["t1"]}
    browser = with_cas(place)
    browser.sign_in()
    assert browser.who is not None
    assert browser.who.user_name == "li02"
    place.server.says = {"tenant": "t2"}
    assert problem_of(with_cas(place).sign_in()) == problems.OTHER_TENANT
