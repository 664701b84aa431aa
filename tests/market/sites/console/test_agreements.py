"""The console's page of agreements: draft, preview, publish, discard (business-rules §1.5, decision 0106)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories.people import make_operator
from tradepost.market.identity import registration
from tradepost.market.identity.company_models import Agreement, AgreementDraft
from tradepost.market.identity.models import User

pytestmark = pytest.mark.django_db
TEXT = "## 一\n\n协议正文 <b>" + "字" * 120
PAGE = "/console/agreements/buyer/"


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def words(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def save(console: Client, **other: str) -> None:
    form = {"change": "两处 two places", "text": TEXT, "text_en": TEXT, "revision": "0"} | other
    assert console.post(PAGE, form).headers["Location"] == f"{PAGE}preview/"


def test_operator_drafts_previews_and_publishes(console: Client) -> None:
    save(console)
    assert "Version 2" not in words(console, "/agreements/buyer/"), "readers see the version in force"
    assert "Edit the draft" in words(console, "/console/agreements/")
    shown = words(console, f"{PAGE}preview/")
    assert "协议正文 &lt;b&gt;" in shown
    assert "Buyers accept it with their next order" in shown
    assert console.post(f"{PAGE}publish/", {"revision": "1"}).headers["Location"] == "/console/agreements/"
    assert "Version 2" in words(console, "/agreements/buyer/")
    assert console.get(f"{PAGE}preview/").status_code == 404


def test_outdated_page_publishes_nothing(console: Client) -> None:
    save(console)
    save(console, revision="1", text=f"{TEXT}新")
    for act in ("publish", "discard"):
        answer = console.post(f"{PAGE}{act}/", {"revision": "1"}, follow=True)
        assert "Another operator changed" in answer.content.decode()
    refused = console.post(PAGE, {"change": "x", "text": TEXT, "text_en": TEXT, "revision": "1"})
    assert refused.status_code == 422
    assert AgreementDraft.objects.get().text == f"{TEXT}新"
    assert not Agreement.objects.filter(number=2).exists()


def test_operator_discards_a_draft(console: Client) -> None:
    save(console)
    console.post(f"{PAGE}discard/", {"revision": "1"})
    assert not AgreementDraft.objects.exists()
    assert "Draft a new version" in words(console, "/console/agreements/")


def test_registration_opens_with_the_agreements() -> None:
    Agreement.objects.filter(kind__in=registration.OF_BUYERS).delete()
    stranger = Client(headers={"accept-language": "en"})
    assert "Registration is not open yet" in words(stranger, "/account/signup/")
    refused = stranger.post(
        "/account/signup/", {"email": "new@lantian.example", "password1": "a fresh password 7", "privacy": "on"}
    )
    assert refused.status_code == 403
    assert not User.objects.exists()
    assert "This text has not been published yet" in words(stranger, "/agreements/buyer/"), "the footer links to it"


def test_companies_apply_once_the_agreements_are_published(console: Client) -> None:
    Agreement.objects.filter(kind="seller").delete()
    assert "does not accept sellers yet" in words(console, "/seller/enter/")
    assert "Start the application" not in words(console, "/seller/enter/")
    assert console.post("/seller/enter/").status_code == 403
