"""The form of a company over the pages: what is wrong stands beside its field, and nothing that was typed is lost. The whole way in
is a journey (tests/journeys/test_from_company_to_shelf.py)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories.companies import company, typed
from tests.factories.people import NOW, make_buyer, make_operator
from tests.factories.pictures import PDF, picture_file
from tradepost.market.assets.models import ProofUse
from tradepost.market.base.config import config
from tradepost.market.identity.company_models import Acceptance
from tradepost.market.identity.models import User
from tradepost.market.review import submit
from tradepost.market.review.models import Submission

pytestmark = pytest.mark.django_db
DRAFT = "/seller/company/draft/enter/"


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def person() -> User:
    return make_buyer(balance="0")


@pytest.fixture
def page(person: User) -> Client:
    return browser(person)


def field(text: str, name: str) -> str:
    """The value of an input of the form."""
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', text)
    assert found, name
    value = re.search(r'value="([^"]*)"', found[0])
    return value[1] if value else ""


def write(
    page: Client, *, act: str = "save", picture: bytes | None = None, licence: bytes | None = PDF, agreed: bool = True,
    **other: str,
) -> Any:  # fmt: skip
    """What a browser without scripts sends."""
    text = page.get(DRAFT).content.decode()
    boxes = dict.fromkeys(re.findall(r'name="(agreement_\d+)"', text), "on") if agreed else {}
    form = (
        typed(company())
        | {
            "logo": field(text, "logo"),
            "licence": field(text, "licence"),
            "revision": field(text, "revision"),
            "act": act,
        }
        | boxes
        | other
    )
    if picture is not None:
        form["logo_file"] = SimpleUploadedFile("logo.png", picture, "image/png")
    if licence is not None:
        form["licence_file"] = SimpleUploadedFile("licence.pdf", licence, "application/pdf")
    return page.post(DRAFT, form)


def begin(page: Client) -> None:
    assert page.post("/seller/enter/").headers["Location"] == DRAFT


LOGO = picture_file(width=336, height=140)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"registration_number": "91440300MA5000001X"}, "This is no unified social credit code"),
        ({"founded_on": "2026-02-01"}, "at least 365 days"),
        ({"capital": "499999"}, "at least 500,000"),
        ({"staff": "14"}, "at least 15 people"),
        ({"website": "http://127.0.0.1:9/account/login/"}, "This is a login address"),
        ({"website": "ftp://qingxie.example"}, "http:// or https://"),
        ({"about": "我们做软件。<script>alert(1)</script>很多很多很多很多很多"}, "Plain text only"),
        ({"about_en": "We write software, see www.elsewhere.example for more of it."}, "must not hold links"),
        ({"service_until": "16:59"}, "8 hours a day"),
        ({"service_email": "nobody"}, "This is no e-mail address"),
        ({"contact_phone": "call me"}, "This is no telephone number"),
        ({"market_name": "王经理"}, "or leave all three empty"),
        ({"name": "x" * 129}, "At most 128 characters"),
        ({"founded_on": "tomorrow"}, "year-month-day"),
        ({"capital": "9" * 30}, "At most 24 characters"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(page: Client, other: dict, words: str) -> None:
    """Must show 6, business-rules §1.4: refused beside the field with its rule; the draft keeps what was typed."""
    begin(page)
    write(page, picture=LOGO)
    answer = write(page, act="submit", **other)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text.replace("&quot;", '"')
    assert "§1.4" in text
    [(name, value)] = other.items()
    assert f'id="id_{name}_error"' in text or name == "market_name"
    one = Submission.objects.get()
    assert (one.status, one.document[name]) == ("draft", value)
    assert not Acceptance.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"0" * (5_242_881 - 8), "larger than 5 MB"),
        (b"MZ this is no picture", "no picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "no picture"),
        (picture_file(width=20, height=10), "pixels"),
        (picture_file("GIF", width=336, height=140), "no picture"),
    ],
)
def test_a_logo_that_is_none_is_refused_and_the_rest_of_the_form_is_kept(
    page: Client, content: bytes, words: str
) -> None:
    """Must show 6: 5 MB + 1, not a picture. What was typed beside it comes back."""
    begin(page)
    answer = write(page, picture=content, name="深圳市青榭软件有限公司")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert "深圳市青榭软件有限公司" in text
    assert Submission.objects.get().document["logo"] == ""


def test_two_tabs_lose_nothing(page: Client) -> None:
    """Must show 5: who saves second gets the own words back, with what the other tab saved beside them."""
    begin(page)
    write(page, capital="600000")
    first = field(page.get(DRAFT).content.decode(), "revision")
    write(page, capital="700000")
    late = write(page, capital="800000", revision=first)
    text = late.content.decode()
    assert late.status_code == 409
    assert field(text, "capital") == "800000"
    assert "700000" in text
    assert Submission.objects.get().document["capital"] == "700000"
    write(page, capital="800000", revision=field(text, "revision"))
    assert Submission.objects.get().document["capital"] == "800000"


def test_a_form_saves_itself_and_says_so(page: Client) -> None:
    begin(page)
    revision = field(page.get(DRAFT).content.decode(), "revision")
    quietly = {"HX-Request": "true"}
    saved = page.post(DRAFT, {"name": "青榭", "revision": revision}, headers=quietly).content.decode()
    assert "Saved" in saved
    assert field(saved, "revision") == str(int(revision) + 1)
    stale = page.post(DRAFT, {"name": "别的", "revision": revision}, headers=quietly)
    assert stale.status_code == 200
    assert "saved elsewhere" in stale.content.decode()
    assert Submission.objects.get().document["name"] == "青榭"


def test_a_draft_is_its_sellers_alone(page: Client) -> None:
    begin(page)
    one = Submission.objects.get()
    console = browser(make_operator())
    assert console.get(f"/console/reviews/{one.pk}/").status_code == 404
    other = browser(make_buyer(balance="0"))
    begin(other)
    assert other.get(f"/seller/submissions/{one.pk}/").status_code == 404
    assert other.post(f"/seller/submissions/{one.pk}/withdraw/").status_code == 404


def test_a_logo_of_another_seller_is_not_taken(page: Client) -> None:
    begin(page)
    write(page, picture=LOGO)
    theirs = Submission.objects.get().document["logo"]
    other = browser(make_buyer(balance="0"))
    begin(other)
    write(other, logo=theirs)
    assert Submission.objects.order_by("-pk")[0].document["logo"] == ""


def test_an_entry_needs_the_latest_business_licence(page: Client) -> None:
    """business-rules §1.4 "Licence: latest business licence": asked as a document, refused beside its field, nothing is sent."""
    begin(page)
    write(page, picture=LOGO, licence=None)
    answer = write(page, act="submit", licence=None)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Hand in the latest business licence. §1.4" in text
    assert 'href="#id_licence_file"' in text
    assert Submission.objects.get().status == "draft"
    refused = write(page, licence=b"MZ this is no document", name="深圳市青榭软件有限公司")
    assert (refused.status_code, "Hand in a PDF" in refused.content.decode()) == (422, True)
    assert Submission.objects.get().document["licence"] == ""
    assert not Acceptance.objects.exists()

    assert write(page, act="submit").status_code == 302
    one = Submission.objects.get()
    licence = one.document["licence"]
    assert ProofUse.objects.get(owner=f"submission:{one.pk}").proof.sha256 == licence
    submit.passed(one.pk, settings=config(), now=one.sent_at or NOW)
    console = browser(make_operator())
    assert f'href="/proofs/{licence}/"' in console.get(f"/console/reviews/{one.pk}/").content.decode()
    assert console.get(f"/proofs/{licence}/").status_code == 200
    assert browser(make_buyer(balance="0")).get(f"/proofs/{licence}/").status_code == 404


def test_the_field_of_the_licence_sends_its_file_alone(page: Client) -> None:
    """As a browser with scripts does it; another seller's document, and one that no kind asks for, count for nothing."""
    begin(page)
    asked = {"field": "licence", "submission": "enter", "proof": "licence"}
    text = page.get(DRAFT).content.decode()
    assert "&quot;submission&quot;: &quot;enter&quot;" in text
    assert 'hx-params="not licence_file,logo_file"' in text
    sent = page.post("/seller/proofs/", asked | {"licence_file": SimpleUploadedFile("licence.pdf", PDF)})
    kept = field(sent.content.decode(), "licence")
    assert (sent.status_code, len(kept)) == (200, 64)
    wrong = page.post("/seller/proofs/", asked | {"licence": kept, "licence_file": SimpleUploadedFile("a.pdf", b"MZ")})
    assert (wrong.status_code, field(wrong.content.decode(), "licence")) == (422, kept)
    for other in ({"proof": "logo"}, {"field": "logo"}, {"submission": "exit"}, {"submission": "nothing"}):
        assert page.post("/seller/proofs/", asked | other).status_code == 404
    stranger = browser(make_buyer(balance="0"))
    begin(stranger)
    write(stranger, licence=None)
    page_of_another = stranger.post(DRAFT, {"licence": kept, "act": "save", "revision": "1"})
    assert page_of_another.status_code == 302
    assert Submission.objects.order_by("-pk")[0].document["licence"] == ""
