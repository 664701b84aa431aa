"""Issue 28: "Sign-up asks for consent to the privacy policy"; a new version asks again (decision 0106)."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client

from tests.factories.people import NOW, PASSWORD, make_buyer, make_operator
from tradepost.market.base import clock
from tradepost.market.identity import agreements, registration
from tradepost.market.identity.company_models import Agreement, AgreementDraft, PolicyConsent
from tradepost.market.identity.models import User

pytestmark = pytest.mark.django_db
NEW = "new@lantian.example"
SIGN_UP, LOG_IN, CONSENT = "/account/signup/", "/account/login/", "/account/privacy/"
FORM = {"email": NEW, "password1": "a fresh password 7"}


def browser(language: str = "en") -> Client:
    return Client(headers={"accept-language": language})


def published(number: int = 2) -> Agreement:
    text = f"隐私政策 {number} " + "字" * 120
    return agreements.publish(
        "privacy", text=text, text_en=text, change="两处 two places", by=make_operator(), now=clock.now()
    )


def log_in(client: Client, user: User) -> str:
    answer = client.post(LOG_IN, {"login": user.email, "password": PASSWORD})
    return str(answer.headers["Location"])


@pytest.mark.parametrize(("language", "words"), [("en", "I have read and accept"), ("zh-hans", "我已阅读并同意")])
def test_page_links_to_the_version_that_it_asks_about(language: str, words: str) -> None:
    text = browser(language).get(SIGN_UP).content.decode()
    assert words in text
    assert 'href="/agreements/privacy/?version=1"' in text


def test_account_is_opened_only_with_consent() -> None:
    refused = browser().post(SIGN_UP, FORM)
    assert refused.status_code == 422
    assert "Accept the privacy policy to continue." in refused.content.decode()
    assert not User.objects.filter(email=NEW).exists()
    browser().post(SIGN_UP, FORM | {"privacy": "on", "privacy_version": "1"})
    consent = PolicyConsent.objects.get(user__email=NEW)
    assert consent.agreement.number == 1


def test_version_published_meanwhile_is_shown_first() -> None:
    published()
    refused = browser().post(SIGN_UP, FORM | {"privacy": "on", "privacy_version": "1"})
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "The privacy policy has changed" in text
    assert "?version=2" in text
    assert not User.objects.filter(email=NEW).exists()


def test_new_version_is_accepted_at_the_next_sign_in() -> None:
    user, client = make_buyer(balance="0"), browser()
    assert log_in(browser(), user) != CONSENT, "the account was opened under the version in force"
    version = published()
    assert log_in(client, user) == CONSENT
    assert client.get("/orders/").status_code == 302, "not signed in yet"
    assert "two places" in client.get(CONSENT).content.decode()
    assert client.post(CONSENT, {}).status_code == 422
    assert not PolicyConsent.objects.exists()
    assert client.post(CONSENT, {"privacy": "on", "privacy_version": "2"}).status_code == 302
    assert PolicyConsent.objects.get(user=user).agreement == version
    assert client.get("/orders/").status_code == 200
    assert "?version=2" in client.get("/agreements/").content.decode(), "My agreements"
    assert log_in(browser(), user) != CONSENT, "once"


def test_person_who_does_not_accept_is_not_signed_in() -> None:
    user, client = make_buyer(balance="0"), browser()
    published()
    log_in(client, user)
    assert client.post(CONSENT, {"cancel": "yes"}).headers["Location"] == LOG_IN
    assert client.get("/orders/").status_code == 302
    assert not PolicyConsent.objects.exists()


def test_operators_are_not_asked() -> None:
    operator = make_operator()
    published()
    assert log_in(browser(), operator) != CONSENT


def test_consent_needs_a_sign_in() -> None:
    assert browser().get(CONSENT).headers["Location"] == LOG_IN
    assert browser().post(CONSENT, {"privacy": "on"}).headers["Location"] == LOG_IN
    assert not PolicyConsent.objects.exists()


# --- markets from before the policy -----------------------------------------------------------------------------------


def draft_by_migration() -> None:
    import_module("tradepost.market.identity.migrations.from_0_1.0023_privacy_policy").draft(apps, None)


def test_market_from_before_the_policy_stays_open_and_gets_a_draft() -> None:
    Agreement.objects.filter(kind="privacy").delete()
    draft_by_migration()
    draft_by_migration()
    assert AgreementDraft.objects.get().kind == "privacy"
    assert registration.sign_up_access(now=NOW) == registration.Access.OPEN
    assert "privacy" not in browser().get(SIGN_UP).content.decode().partition("<main")[2].partition("</main")[0]
    browser().post(SIGN_UP, FORM)
    assert User.objects.filter(email=NEW).exists()
    assert not PolicyConsent.objects.exists()


def test_new_market_has_the_policy_from_the_beginning() -> None:
    draft_by_migration()
    assert not AgreementDraft.objects.exists()


def test_new_production_market_waits_for_its_policy() -> None:
    Agreement.objects.filter(kind="privacy").delete()
    Agreement.objects.filter(kind="buyer").update(published_at=NOW - timedelta(days=1))
    assert registration.sign_up_access(now=NOW) == registration.Access.NOT_YET
