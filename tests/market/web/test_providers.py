"""Sign-in through OpenID providers (issue 28; opening.md §2), tested with a provider from PyPI."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import oidc_provider_mock
import pytest
import requests
from allauth.account.models import EmailAddress
from django.test import Client

from tests.factories import make_buyer, make_operator
from tests.factories.people import PASSWORD
from tradepost.market import wiring
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.secrets import seal
from tradepost.market.identity import group_check, sign_in_providers
from tradepost.market.identity.models import OperatorSignIn, ProviderSignIn, SignInProvider, User

pytestmark = pytest.mark.django_db
FINANCE = [["acc", "finance"], ["admins", "owner"]]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


def knows(issuer: str, sub: str, **claims: Any) -> None:
    requests.put(f"{issuer}/users/{quote(sub)}", json=claims, timeout=20).raise_for_status()


def provider_of(issuer: str, **fields: Any) -> SignInProvider:
    values: dict[str, Any] = {
        "slug": "corp", "name": "Corp", "issuer": issuer, "client_id": "market", "sealed_secret": seal("a secret"),
        "for_operators": True, "for_buyers": False, "roles": FINANCE, "created_at": clock.now(),
    }  # fmt: skip
    return SignInProvider.objects.create(**(values | fields))


def sign_in(sub: str, *, deny: bool = False) -> tuple[Client, str]:
    """Go to the provider and back as a browser does. Return the last page."""
    browser = Client(headers={"accept-language": "en"})
    begun = browser.get("/account/oidc/corp/login/")
    assert begun.status_code == 302, begun.content.decode()[:500]
    provider_response = requests.post(
        begun.headers["Location"], data={"action": "deny"} if deny else {"sub": sub}, allow_redirects=False, timeout=20
    )
    back = urlsplit(provider_response.headers["Location"])
    page = browser.get(f"{back.path}?{back.query}", follow=True)
    return browser, page.content.decode()


def is_signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def test_sign_in_page_offers_the_provider_and_uses_pkce(issuer: str) -> None:
    provider_of(issuer)
    page = Client(headers={"accept-language": "en"}).get("/account/login/").content.decode()
    assert "Sign in with Corp" in page
    assert 'href="/account/oidc/corp/login/"' in page
    begun = Client().get("/account/oidc/corp/login/").headers["Location"]
    assert begun.startswith(f"{issuer}/oauth2/authorize")
    assert "code_challenge=" in begun
    SignInProvider.objects.update(enabled=False)
    assert "Corp" not in Client().get("/account/login/").content.decode()
    assert Client().get("/account/oidc/corp/login/").status_code == 404


def test_new_operator_gets_the_role_of_the_first_matching_group(issuer: str) -> None:
    provider_of(issuer)
    knows(issuer, "fin", email="fin@corp.example", email_verified=True, name="Fin", groups=["staff", "admins", "acc"])
    browser, page = sign_in("fin")
    user = User.objects.get(email="fin@corp.example")
    assert (user.operator_role, user.name, user.has_usable_password(), is_signed_in(browser)) == (
        "finance",
        "Fin",
        False,
        True,
    )
    assert browser.get("/console/transfers/").status_code == 200
    assert browser.get("/console/audit/").status_code == 403
    entry = ProviderSignIn.objects.get()
    assert entry.gives_role
    assert entry.sealed_refresh
    assert "Needs your attention" in page, "the console, also at the first sign-in"
    second_browser, _page = sign_in("fin")
    assert User.objects.filter(email="fin@corp.example").count() == 1
    assert is_signed_in(second_browser)


def test_provider_that_needs_consent_for_refresh_tokens_is_asked_for_it(issuer: str) -> None:
    """OpenID Connect Core §11: "When offline access is requested, a prompt parameter value of consent MUST be used
    unless other conditions […] are in place." Owners are warned if a sign-in got no refresh token."""
    provider = provider_of(issuer)
    assert "prompt=" not in Client().get("/account/oidc/corp/login/").headers["Location"]
    SignInProvider.objects.update(asks_consent=True)
    assert "prompt=consent" in Client().get("/account/oidc/corp/login/").headers["Location"]
    knows(issuer, "fin2", email="fin2@corp.example", email_verified=True, groups=["acc"])
    sign_in("fin2")
    owner = Client(headers={"accept-language": "en"})
    owner.force_login(make_operator())
    warning = "issued no refresh token"
    assert warning not in owner.get(f"/console/sign-in/{provider.pk}/").content.decode()
    ProviderSignIn.objects.update(sealed_refresh="")
    assert warning in owner.get(f"/console/sign-in/{provider.pk}/").content.decode()


def test_person_without_a_group_is_refused_and_gets_no_account(issuer: str) -> None:
    provider_of(issuer)
    knows(issuer, "guest", email="guest@corp.example", email_verified=True, groups=["staff"])
    browser, page = sign_in("guest")
    assert "None of your groups at Corp has access to this market." in page
    assert not is_signed_in(browser)
    assert not User.objects.filter(email="guest@corp.example").exists()


@pytest.mark.parametrize(("verified", "own"), [(False, True), (True, False), (False, False)])
def test_unverified_address_never_links_to_an_existing_account(issuer: str, verified: bool, own: bool) -> None:
    """Refused by either side: the provider and the market must both agree."""
    provider_of(issuer, for_buyers=True)
    victim = make_buyer(email="victim@b.example")
    EmailAddress.objects.filter(user=victim).update(verified=own)
    knows(issuer, "thief", email="Victim@b.example", email_verified=verified, groups=["admins"])
    browser, page = sign_in("thief")
    assert "has not confirmed that it is yours" in page
    assert not is_signed_in(browser)
    assert User.objects.get(pk=victim.pk).operator_role == ""
    assert not ProviderSignIn.objects.exists()


def test_verified_address_signs_in_to_its_account(issuer: str) -> None:
    provider_of(issuer, for_operators=False, for_buyers=True)
    buyer = make_buyer(email="known@b.example")
    knows(issuer, "known", email="known@b.example", email_verified=True)
    browser, _page = sign_in("known")
    assert browser.session["_auth_user_id"] == str(buyer.pk)
    buyer.refresh_from_db()
    assert buyer.check_password(PASSWORD), "the password goes on working"


def test_provider_for_buyers_signs_in_no_operator(issuer: str) -> None:
    provider_of(issuer, for_operators=False, for_buyers=True, roles=[])
    operator = make_operator(email="op@market.example")
    knows(issuer, "op", email="op@market.example", email_verified=True)
    browser, page = sign_in("op")
    assert "Operators cannot sign in through Corp." in page
    assert not is_signed_in(browser)
    assert User.objects.get(pk=operator.pk).operator_role == "owner"


def test_locked_account_stays_locked(issuer: str) -> None:
    provider_of(issuer)
    make_operator()
    locked = make_operator("support", email="locked@market.example")
    User.objects.filter(pk=locked.pk).update(is_active=False)
    knows(issuer, "locked", email="locked@market.example", email_verified=True, groups=["admins"])
    browser, _page = sign_in("locked")
    assert not is_signed_in(browser)
    assert User.objects.get(pk=locked.pk).operator_role == "support"


def run_hourly_check(now: Any) -> None:
    """Run the timer, and the job that it starts."""
    sign_in = ProviderSignIn.objects.get()
    group_check.start({"sign_in": sign_in.pk}, now, wall=clock.wall())
    leased_jobs.run_due(
        {group_check.KIND: wiring.LEASED_TASKS[group_check.KIND]},
        now=lambda: now,
        wall=clock.wall,
        owner="a worker of tests",
    )


def test_losing_the_group_ends_the_sessions_and_the_role(issuer: str) -> None:
    provider_of(issuer)
    make_operator()
    knows(issuer, "leaver", email="leaver@corp.example", email_verified=True, groups=["acc"])
    browser, _page = sign_in("leaver")
    first = ProviderSignIn.objects.get()
    run_hourly_check(clock.now() + timedelta(minutes=10))
    assert browser.get("/console/transfers/").status_code == 200, "the groups are as they were"
    assert ProviderSignIn.objects.get().confirmed_at > first.confirmed_at
    knows(issuer, "leaver", email="leaver@corp.example", email_verified=True, groups=["staff"])
    run_hourly_check(clock.now() + timedelta(minutes=20))
    assert browser.get("/console/transfers/").status_code == 302, "signed out"
    assert User.objects.get(email="leaver@corp.example").operator_role == ""
    assert "refresh" not in str(LeasedJob.objects.latest("pk").result)
    _browser, page = sign_in("leaver")
    assert "None of your groups at Corp has access to this market." in page


def test_revoked_token_or_an_hour_without_a_response_ends_the_sessions(issuer: str) -> None:
    provider_of(issuer)
    make_operator()
    knows(issuer, "late", email="late@corp.example", email_verified=True, groups=["acc"])
    browser, _page = sign_in("late")
    requests.post(f"{issuer}/users/late/revoke-tokens", timeout=20).raise_for_status()
    run_hourly_check(clock.now() + timedelta(minutes=10))
    assert browser.get("/console/").status_code == 302
    browser, _page = sign_in("late")
    SignInProvider.objects.update(issuer="http://localhost:9")
    run_hourly_check(clock.now() + timedelta(minutes=10))
    assert browser.get("/console/").status_code == 200, "a provider that does not answer is asked again"
    run_hourly_check(clock.now() + timedelta(minutes=61))
    assert browser.get("/console/").status_code == 302
    assert User.objects.get(email="late@corp.example").operator_role == "finance", "the role stays for the next sign-in"


def test_last_owner_keeps_the_role(issuer: str) -> None:
    provider_of(issuer)
    knows(issuer, "boss", email="boss@corp.example", email_verified=True, groups=["admins"])
    sign_in("boss")
    knows(issuer, "boss", email="boss@corp.example", email_verified=True, groups=[])
    run_hourly_check(clock.now() + timedelta(minutes=10))
    assert User.objects.get(email="boss@corp.example").operator_role == "owner"


def test_password_sign_in_of_operators_can_be_disabled_and_enabled_on_the_machine(issuer: str) -> None:
    provider_of(issuer)
    by_password = make_operator(email="pw@market.example")
    client = Client(headers={"accept-language": "en"})
    client.force_login(by_password)
    refused = client.post("/console/sign-in/passwords/", follow=True).content.decode()
    assert "Sign in through a provider first." in refused
    assert not OperatorSignIn.objects.filter(passwords=False).exists()
    knows(issuer, "boss2", email="boss2@corp.example", email_verified=True, groups=["admins"])
    boss, _page = sign_in("boss2")
    boss.post("/console/sign-in/passwords/")
    assert client.get("/console/").status_code == 302, "sessions by password end"
    typed = {"login": by_password.email, "password": PASSWORD}
    page = Client(headers={"accept-language": "en"}).post("/account/login/", typed, follow=True)
    assert "Operators of this market sign in through a provider." in page.content.decode()
    buyer = make_buyer()
    assert is_signed_in(Client().post("/account/login/", {"login": buyer.email, "password": PASSWORD}).client)
    last = boss.post(f"/console/sign-in/{SignInProvider.objects.get().pk}/delete/", follow=True).content.decode()
    assert "Allow passwords again" in last
    sign_in_providers.allow_passwords(True, by=None, now=clock.now(), wall=clock.wall())
    assert is_signed_in(Client().post("/account/login/", typed).client)


def test_cancelled_and_failed_sign_ins_show_a_message(issuer: str) -> None:
    provider_of(issuer)
    _browser, page = sign_in("x", deny=True)
    assert "You cancelled the sign-in at Corp." in page
    SignInProvider.objects.update(issuer="http://localhost:9")
    failed = Client(headers={"accept-language": "en"}).get("/account/oidc/corp/login/", follow=True).content.decode()
    assert "Sign-in with Corp failed." in failed


def test_owner_adds_changes_and_deletes_a_provider_on_the_pages(issuer: str) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    form = {
        "name": "Corp", "issuer": f"{issuer}/", "client_id": "market", "secret": "a secret", "scopes": "openid email offline_access profile",
        "for_operators": "on", "groups_claim": "groups", "roles": "acc = finance\n\nRoom = admins = owner", "enabled": "on",
    }  # fmt: skip
    for wrong in (
        {"secret": ""},
        {"issuer": "ldap://x"},
        {"roles": "acc = king"},
        {"roles": ""},
        {"scopes": "email"},
        {"for_operators": ""},
    ):
        assert client.post("/console/sign-in/new/", form | wrong).status_code == 422, wrong
    assert not SignInProvider.objects.exists()
    page = client.post("/console/sign-in/new/", form, follow=True).content.decode()
    provider = SignInProvider.objects.get()
    assert f"/account/oidc/{provider.slug}/login/callback/" in page
    assert "a secret" not in page
    assert provider.roles == [["acc", "finance"], ["Room = admins", "owner"]]
    client.post(f"/console/sign-in/{provider.pk}/", form | {"secret": "", "name": "New"})
    changed = SignInProvider.objects.get()
    assert (changed.name, changed.sealed_secret) == ("New", provider.sealed_secret)
    client.post(f"/console/sign-in/{provider.pk}/delete/")
    assert not SignInProvider.objects.exists()
