"""A member's own pages: applications, sign-ins and tokens; only the member sees and ends them (joint.md §5)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from tests.factories import make_subscription
from tests.factories.joint import make_application
from tests.factories.signing_in import authorise, make_bound, make_joint, make_member_with_password
from tests.market.auth_centre.browsing import authorize, location, sign_in, tokens, userinfo
from tradepost.market.applications.models import Authorisation, SignInEntry, TenantBinding
from tradepost.market.auth_centre.models import Consent, Grant, SignInSession
from tradepost.market.base.config import config
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def test_workbench_lists_authorised_applications_and_opens_them() -> None:
    """B.9: the workbench starts the authorisation, and the callback gets code and tenant without a state."""
    joint = make_joint()
    other_application = make_application(callback="http://127.0.0.1:9/others")
    make_bound(joint.admin, other_application)
    browser = sign_in(joint)
    page = browser.get(joint.home).content.decode()
    assert joint.application.name in page
    assert other_application.name not in page
    [launch] = [part.split('"')[0] for part in page.split('href="') if part.startswith("api/v1/oauth2/authorize")]
    _address, query = location(browser.get(joint.home + launch.replace("&amp;", "&")))
    assert query.keys() == {"code", "tenant", "iss"}


def test_frozen_service_refuses_sign_in_with_its_reason() -> None:
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
    assert SignInEntry.objects.latest("pk").result == SignInEntry.Result.FROZEN, "the reason is not a missing right"
    assert (
        "Suspended because its service is not active. Your enterprise can renew it"
        in browser.get(joint.home, headers={"Accept-Language": "en"}).content.decode()
    )


@pytest.mark.parametrize("status", ["binding", "stopped", "unbinding", "unbound"])
def test_only_a_bound_application_allows_sign_in(status: str) -> None:
    joint = make_joint()
    browser = sign_in(joint)
    TenantBinding.objects.update(status=status)
    refused = authorize(browser, joint)
    assert (refused.status_code, "auth.not_bound" in refused.content.decode()) == (403, True)
    assert joint.application.name not in browser.get(joint.home).content.decode()


def test_unauthorised_member_is_referred_to_the_administrator() -> None:
    joint = make_joint()
    make_member_with_password(joint.admin, "li04")
    refused = authorize(sign_in(joint, "li04"), joint)
    assert (refused.status_code, "auth.not_authorised" in refused.content.decode()) == (403, True)
    assert not Grant.objects.exists()


def test_members_end_only_their_own_sign_ins() -> None:
    joint = make_joint()
    make_member_with_password(joint.admin, "li04")
    current_browser, second_browser, other_member = sign_in(joint), sign_in(joint), sign_in(joint, "li04")
    access_token = tokens(joint, second_browser)["access_token"]
    current_key, second_key, other_key = SignInSession.objects.order_by("pk").values_list("pk", flat=True)
    page = current_browser.get(f"{joint.home}sign-ins/").content.decode()
    assert f"/sign-ins/{second_key}/end/" in page
    assert f"/sign-ins/{other_key}/end/" not in page
    assert current_browser.post(f"{joint.home}sign-ins/{other_key}/end/").status_code == 404
    assert other_member.get(joint.home).status_code == 200
    assert current_browser.post(f"{joint.home}sign-ins/{second_key}/end/").status_code == 302
    assert second_browser.get(joint.home).status_code == 302
    assert userinfo(joint, access_token).status_code == 401
    assert current_browser.post(f"{joint.home}sign-ins/{current_key}/end/")["Location"] == f"{joint.home}sign-in/"
    assert current_browser.get(joint.home).status_code == 302


def test_all_other_sign_ins_end_at_once() -> None:
    joint = make_joint()
    current_browser, *other_browsers = (sign_in(joint) for _ in range(3))
    current_browser.post(f"{joint.home}sign-ins/others/end/")
    assert current_browser.get(joint.home).status_code == 200
    assert [browser.get(joint.home).status_code for browser in other_browsers] == [302, 302]


def test_tokens_of_an_application_are_shown_and_revoked() -> None:
    joint = make_joint(released=("email",))
    browser = sign_in(joint)
    issued = tokens(joint, browser)
    page = browser.get(f"{joint.home}access/").content.decode()
    assert joint.application.name in page
    assert "邮箱地址" in page
    other_joint = make_joint()
    assert browser.post(f"{joint.home}access/{other_joint.client.pk}/end/").status_code == 404
    assert browser.post(f"{joint.home}access/{joint.client.pk}/end/").status_code == 302
    assert userinfo(joint, issued["access_token"]).status_code == 401
    assert joint.application.name not in browser.get(f"{joint.home}access/").content.decode()


def test_consent_of_the_member_is_asked_where_the_market_requires_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """joint.md §8: the enterprise consents at binding; per user is a setting. Additional fields need a new consent."""
    monkeypatch.setattr("tradepost.market.auth_centre.authorize_page.asks_for_consent", lambda: True)
    joint = make_joint(released=("email",))
    browser = sign_in(joint)
    consent_page = authorize(browser, joint)
    assert (consent_page.status_code, "邮箱地址" in consent_page.content.decode()) == (200, True)
    url = consent_page.wsgi_request.get_full_path()
    assert browser.post(url)["Location"].startswith(
        url
    )  # an application's form is repeated as a GET, which asks for consent
    assert not Consent.objects.exists()
    assert "code" in location(browser.post(url, {"agree": "yes"}))[1]
    assert "code" in location(authorize(browser, joint))[1]
    TenantBinding.objects.update(released_fields=["email", "mobile"])
    assert authorize(browser, joint).status_code == 200
    assert browser.post(url, {"agree": "yes"}).status_code == 302
    assert sorted(Consent.objects.filter(withdrawn_at=None).get().fields) == ["email", "mobile"]
    assert Consent.objects.count() == 2


def test_pages_need_a_sign_in() -> None:
    joint = make_joint()
    for page in ("", "sign-ins/", "access/"):
        answer = Browser().get(joint.home + page)
        assert answer["Location"].startswith(f"{joint.home}sign-in/?next=")
    for act in ("sign-ins/others/end/", "sign-ins/1/end/", "access/1/end/", "sign-out/"):
        assert Browser().post(joint.home + act)["Location"] == f"{joint.home}sign-in/"


def test_several_services_of_one_application_combine_their_rights() -> None:
    joint = make_joint()
    second = make_bound(joint.admin, joint.application, released=("email",))
    authorise(second, joint.member, admin=True)
    access_token = tokens(joint)["access_token"]
    userinfo_response = userinfo(joint, access_token).json()
    assert (userinfo_response["role"], userinfo_response["email"]) == ("admin", "zhang@acme.example")
    Authorisation.objects.filter(binding=second).update(wanted=False)
    assert userinfo(joint, access_token).json()["role"] == "user"
    assert config().auth_centre.ask_for_consent is False
