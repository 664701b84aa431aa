"""The company form across its pages: errors are shown beside their field, and the input is kept. The complete
onboarding is a journey (tests/journeys/test_from_company_to_shelf.py)."""

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
from tradepost.market.base import clock
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


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock: the age of a company is counted up to it."""
    monkeypatch.setattr(clock, "wall", lambda: NOW)


@pytest.fixture
def person() -> User:
    return make_buyer(balance="0")


@pytest.fixture
def page(person: User) -> Client:
    return browser(person)


def field(text: str, name: str) -> str:
    """Return the value of an input of the form."""
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', text)
    assert tag, name
    value = re.search(r'value="([^"]*)"', tag[0])
    return value[1] if value else ""


def write(
    page: Client, *, act: str = "save", picture: bytes | None = None, licence: bytes | None = PDF, agreed: bool = True,
    **other: str,
) -> Any:  # fmt: skip
    """Return the input of a browser without scripts."""
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
        (
            {"registration_number": "91440300MA5000001X"},
            "This unified social credit code is not valid. It has 18 digits and letters, and the last one is a check character",
        ),
        ({"founded_on": "2026-02-01"}, "at least 365 days"),
        ({"capital": "499999"}, "at least 500,000"),
        ({"staff": "14"}, "at least 15 people"),
        ({"website": "http://127.0.0.1:9/account/login/"}, "This is a login address"),
        ({"website": "ftp://qingxie.example"}, "http:// or https://"),
        ({"about": "我们做软件。<script>alert(1)</script>很多很多很多很多很多"}, "Plain text only"),
        ({"about_en": "We write software, see www.elsewhere.example for more of it."}, "cannot contain links"),
        ({"service_until": "16:59"}, "8 hours a day"),
        ({"service_email": "nobody"}, "The e-mail address is not valid"),
        ({"contact_phone": "call me"}, "Enter a valid telephone number"),
        ({"market_name": "王经理"}, "or leave all three empty"),
        ({"name": "x" * 129}, "At most 128 characters"),
        ({"founded_on": "tomorrow"}, "year-month-day"),
        ({"capital": "9" * 30}, "At most 24 characters"),
    ],
)
def test_wrong_value_is_shown_beside_its_field_and_the_input_stays(page: Client, other: dict, words: str) -> None:
    """Must show 6, business-rules §1.4: refused beside the field with its rule; the draft keeps the input."""
    begin(page)
    write(page, picture=LOGO)
    answer = write(page, act="submit", **other)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text.replace("&quot;", '"')
    assert "§1.4" in text
    [(name, value)] = other.items()
    assert f'id="id_{name}_error"' in text or name == "market_name"
    submission = Submission.objects.get()
    assert (submission.status, submission.document[name]) == ("draft", value)
    assert not Acceptance.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"0" * (5_242_881 - 8), "larger than 5 MB"),
        (b"MZ this is no picture", "not a picture in a supported format"),
        (
            b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            "not a picture in a supported format",
        ),
        (picture_file(width=20, height=10), "pixels"),
        (picture_file("GIF", width=336, height=140), "not a picture in a supported format"),
    ],
)
def test_invalid_logo_is_refused_and_other_input_is_kept(page: Client, content: bytes, words: str) -> None:
    """Must show 6: 5 MB + 1, not a picture. Other input is kept."""
    begin(page)
    answer = write(page, picture=content, name="深圳市青榭软件有限公司")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert "深圳市青榭软件有限公司" in text
    assert Submission.objects.get().document["logo"] == ""


def test_two_tabs_lose_nothing(page: Client) -> None:
    """Must show 5: the second to save gets the own input back, with the other tab's input beside it."""
    begin(page)
    write(page, capital="600000")
    first = field(page.get(DRAFT).content.decode(), "revision")
    write(page, capital="700000")
    late = write(page, capital="800000", revision=first)
    text = late.content.decode()
    assert late.status_code == 422
    assert field(text, "capital") == "800000"
    assert "700000" in text
    assert Submission.objects.get().document["capital"] == "700000"
    write(page, capital="800000", revision=field(text, "revision"))
    assert Submission.objects.get().document["capital"] == "800000"


QUIETLY = {"X-Autosave": "1"}


def test_form_saves_automatically_and_says_so(page: Client) -> None:
    begin(page)
    revision = int(field(page.get(DRAFT).content.decode(), "revision"))
    saved = page.post(DRAFT, {"name": "青榭", "revision": revision}, headers=QUIETLY).json()
    assert saved["saved"]
    assert saved["words"].startswith("Saved ")
    assert saved["seen"] == revision + 1
    stale = page.post(DRAFT, {"name": "别的", "revision": revision}, headers=QUIETLY)
    assert stale.status_code == 409
    assert stale.json()["conflict"]
    assert Submission.objects.get().document["name"] == "青榭"


def ticked_boxes(text: str) -> list[bool]:
    boxes = re.findall(r'<input[^>]*name="agreement_\d+"[^>]*>', text)
    assert boxes
    return [" checked" in box for box in boxes]


def test_ticked_agreements_survive_saves_and_conflicts(page: Client) -> None:
    """Each of these returned empty fields: a save, one without a button, and one after another tab's save."""
    begin(page)
    text = page.get(DRAFT).content.decode()
    stale = field(text, "revision")
    ticks = dict.fromkeys(re.findall(r'name="(agreement_\d+)"', text), "on")
    page.post(DRAFT, {**ticks, "name": "青榭", "revision": stale}, headers=QUIETLY)
    assert all(ticked_boxes(page.get(DRAFT).content.decode()))
    page.post(DRAFT, {"revision": stale}, headers=QUIETLY)
    assert not any(ticked_boxes(page.get(DRAFT).content.decode()))
    page.post(DRAFT, {**ticks, "revision": stale})
    assert all(ticked_boxes(page.get(DRAFT).content.decode()))
    late = page.post(DRAFT, {**ticks, "name": "别的", "revision": stale})
    assert late.status_code == 422
    assert all(ticked_boxes(late.content.decode()))
    assert Submission.objects.get().document["name"] == "青榭"
    page.post(f"{DRAFT}discard/")
    begin(page)
    assert not any(ticked_boxes(page.get(DRAFT).content.decode()))


def test_draft_belongs_to_its_seller(page: Client) -> None:
    begin(page)
    submission = Submission.objects.get()
    console = browser(make_operator())
    assert console.get(f"/console/reviews/{submission.pk}/").status_code == 404
    other = browser(make_buyer(balance="0"))
    begin(other)
    assert other.get(f"/seller/submissions/{submission.pk}/").status_code == 404
    assert other.post(f"/seller/submissions/{submission.pk}/withdraw/").status_code == 404


def test_logo_of_another_seller_cannot_be_used(page: Client) -> None:
    begin(page)
    write(page, picture=LOGO)
    theirs = Submission.objects.get().document["logo"]
    other = browser(make_buyer(balance="0"))
    begin(other)
    write(other, logo=theirs)
    assert Submission.objects.order_by("-pk")[0].document["logo"] == ""


def test_application_needs_the_latest_business_licence(page: Client) -> None:
    """business-rules §1.4 "Licence: latest business licence": requested as a document, refused beside its field,
    nothing is submitted."""
    begin(page)
    write(page, picture=LOGO, licence=None)
    answer = write(page, act="submit", licence=None)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Upload the latest business licence. §1.4" in text
    assert 'href="#id_licence_file"' in text
    assert Submission.objects.get().status == "draft"
    refused = write(page, licence=b"MZ this is no document", name="深圳市青榭软件有限公司")
    assert (refused.status_code, "Upload a complete PDF" in refused.content.decode()) == (422, True)
    assert Submission.objects.get().document["licence"] == ""
    assert not Acceptance.objects.exists()

    assert write(page, act="submit").status_code == 302
    submission = Submission.objects.get()
    licence = submission.document["licence"]
    assert ProofUse.objects.get(owner=f"submission:{submission.pk}").proof.sha256 == licence
    submit.record_passed_checks(submission.pk, settings=config(), now=submission.sent_at or NOW)
    console = browser(make_operator())
    assert f'href="/proofs/{licence}/"' in console.get(f"/console/reviews/{submission.pk}/").content.decode()
    assert console.get(f"/proofs/{licence}/").status_code == 200
    assert browser(make_buyer(balance="0")).get(f"/proofs/{licence}/").status_code == 404


def test_licence_field_uploads_only_its_file(page: Client) -> None:
    """As in a browser with scripts; another seller's document, and one that no kind requires, are ignored."""
    begin(page)
    form = {"field": "licence", "submission": "enter", "proof": "licence"}
    text = page.get(DRAFT).content.decode()
    assert "&quot;submission&quot;: &quot;enter&quot;" in text
    sent = page.post("/seller/proofs/", form | {"licence_file": SimpleUploadedFile("licence.pdf", PDF)})
    stored_hash = field(sent.content.decode(), "licence")
    assert (sent.status_code, len(stored_hash)) == (200, 64)
    wrong = page.post(
        "/seller/proofs/", form | {"licence": stored_hash, "licence_file": SimpleUploadedFile("a.pdf", b"MZ")}
    )
    assert (wrong.status_code, field(wrong.content.decode(), "licence")) == (422, stored_hash)
    for other in ({"proof": "logo"}, {"field": "logo"}, {"submission": "exit"}, {"submission": "nothing"}):
        assert page.post("/seller/proofs/", form | other).status_code == 404
    stranger = browser(make_buyer(balance="0"))
    begin(stranger)
    write(stranger, licence=None)
    page_of_another = stranger.post(DRAFT, {"licence": stored_hash, "act": "save", "revision": "1"})
    assert page_of_another.status_code == 302
    assert Submission.objects.order_by("-pk")[0].document["licence"] == ""
