"""A member's own pages: applications, sign-ins, what applications hold; each shows and ends one's own alone (joint.md §5)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from tests.factories import make_subscription
from tests.factories.joint import make_application
from tests.factories.signing_in import authorise, make_bound, make_joint, make_member_with_password
from tests.market.auth_centre.browsing import authorize, location, sign_in, tokens, userinfo
from tradepost.market.applications.models import Authorisation, TenantBinding
from tradepost.market.auth_centre.models import Consent, Grant, SignInSession
from tradepost.market.base.config import config
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def test_the_workbench_shows_what_one_is_authorised_for_and_opens_it() -> None:
    """B.9: the workbench starts the authorisation, and the callback gets code and tenant without a state."""
    joint = make_joint()
    others = make_application(callback="http://127.0.0.1:9/others")
    make_bound(joint.admin, others)
    browser = sign_in(joint)
    page = browser.get(joint.home).content.decode()
    assert joint.application.name in page
    assert others.name not in page
    [launch] = [part.split('"')[0] for part in page.split('href="') if part.startswith("api/v1/oauth2/authorize")]
    _address, query = location(browser.get(joint.home + launch.replace("&amp;", "&")))
    assert query.keys() == {"code", "tenant", "iss"}


def test_a_service_that_is_frozen_lets_nobody_in_and_says_so() -> None:
    """joint.md §8: frozen refuses sign-in."""
    joint = make_joint()
    subscription = make_subscription()
    TenantBinding.objects.update(subscription=subscription)
    browser = sign_in(joint)
    assert authorize(browser, joint).status_code == 302
    Subscription.objects.filter(pk=subscription.pk).update(status=Subscription.Status.FROZEN)
    refused = authorize(browser, joint)
    assert refused.status_code == 403
    assert "auth.frozen" in refused.content.decode()
    assert "Suspended for now" in browser.get(joint.home, headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.parametrize("status", ["binding", "stopped", "unbinding", "unbound"])
def test_only_a_bound_application_lets_people_in(status: str) -> None:
    joint = make_joint()
    browser = sign_in(joint)
    TenantBinding.objects.update(status=status)
    refused = authorize(browser, joint)
    assert (refused.status_code, "auth.not_bound" in refused.content.decode()) == (403, True)
    assert joint.application.name not in browser.get(joint.home).content.decode()


def test_an_unauthorised_member_is_told_whom_to_ask() -> None:
    joint = make_joint()
    make_member_with_password(joint.admin, "li04")
    refused = authorize(sign_in(joint, "li04"), joint)
    assert (refused.status_code, "auth.not_authorised" in refused.content.decode()) == (403, True)
    assert not Grant.objects.exists()


def test_one_ends_ones_own_sign_ins_and_nobody_elses() -> None:
    joint = make_joint()
    make_member_with_password(joint.admin, "li04")
    here, elsewhere, other = sign_in(joint), sign_in(joint), sign_in(joint, "li04")
    held = tokens(joint, elsewhere)["access_token"]
    mine, away, others = SignInSession.objects.order_by("pk").values_list("pk", flat=True)
    page = here.get(f"{joint.home}sign-ins/").content.decode()
    assert f"/sign-ins/{away}/end/" in page
    assert f"/sign-ins/{others}/end/" not in page
    assert here.post(f"{joint.home}sign-ins/{others}/end/").status_code == 404
    assert other.get(joint.home).status_code == 200
    assert here.post(f"{joint.home}sign-ins/{away}/end/").status_code == 302
    assert elsewhere.get(joint.home).status_code == 302
    assert userinfo(joint, held).status_code == 401
    assert here.post(f"{joint.home}sign-ins/{mine}/end/")["Location"] == f"{joint.home}sign-in/"
    assert here.get(joint.home).status_code == 302


def test_all_others_end_at_once() -> None:
    joint = make_joint()
    here, *others = (sign_in(joint) for _ in range(3))
    here.post(f"{joint.home}sign-ins/others/end/")
    assert here.get(joint.home).status_code == 200
    assert [one.get(joint.home).status_code for one in others] == [302, 302]


def test_what_an_application_holds_is_shown_and_ended() -> None:
    joint = make_joint(released=("email",))
    browser = sign_in(joint)
    held = tokens(joint, browser)
    page = browser.get(f"{joint.home}access/").content.decode()
    assert joint.application.name in page
    assert "邮箱地址" in page
    other = make_joint()
    assert browser.post(f"{joint.home}access/{other.client.pk}/end/").status_code == 404
    assert browser.post(f"{joint.home}access/{joint.client.pk}/end/").status_code == 302
    assert userinfo(joint, held["access_token"]).status_code == 401
    assert joint.application.name not in browser.get(f"{joint.home}access/").content.decode()


def test_where_the_market_asks_each_member_nothing_is_shared_before_they_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """joint.md §8: the enterprise consents at binding; per user is a setting. More than before is asked for again."""
    monkeypatch.setattr("tradepost.market.auth_centre.authorize_page.asks_for_consent", lambda: True)
    joint = make_joint(released=("email",))
    browser = sign_in(joint)
    asked = authorize(browser, joint)
    assert (asked.status_code, "邮箱地址" in asked.content.decode()) == (200, True)
    url = asked.wsgi_request.get_full_path()
    assert browser.post(url)["Location"].startswith(url)  # the form of an application: repeated as a GET, which asks
    assert not Consent.objects.exists()
    assert "code" in location(browser.post(url, {"agree": "yes"}))[1]
    assert "code" in location(authorize(browser, joint))[1]
    TenantBinding.objects.update(released_fields=["email", "mobile"])
    assert authorize(browser, joint).status_code == 200
    assert browser.post(url, {"agree": "yes"}).status_code == 302
    assert sorted(Consent.objects.filter(withdrawn_at=None).get().fields) == ["email", "mobile"]
    assert Consent.objects.count() == 2


def test_nobody_gets_in_without_signing_in() -> None:
    joint = make_joint()
    for page in ("", "sign-ins/", "access/"):
        answer = Browser().get(joint.home + page)
        assert answer["Location"].startswith(f"{joint.home}sign-in/?next=")
    for act in ("sign-ins/others/end/", "sign-ins/1/end/", "access/1/end/", "sign-out/"):
        assert Browser().post(joint.home + act)["Location"] == f"{joint.home}sign-in/"


def test_who_has_several_services_of_one_application_gets_what_any_gives() -> None:
    joint = make_joint()
    second = make_bound(joint.admin, joint.application, released=("email",))
    authorise(second, joint.member, admin=True)
    held = tokens(joint)["access_token"]
    told = userinfo(joint, held).json()
    assert (told["role"], told["email"]) == ("admin", "zhang@acme.example")
    Authorisation.objects.filter(binding=second).update(wanted=False)
    assert userinfo(joint, held).json()["role"] == "user"
    assert config().ask_for_consent is False
