"""Uploads of pictures: through the buffering into a form field, and their display to those who may see them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import factories
from tests.factories import NOW
from tests.factories.pictures import picture_file
from tests.market.web.exchanging import ask, scope, server
from tradepost.market.assets import pictures
from tradepost.market.assets.models import Picture
from tradepost.market.base.config import config
from tradepost.market.identity.models import Member, Seller
from tradepost.market.web import request_buffering, uploads

MB = 1024 * 1024
UPLOAD = "/seller/pictures/"
FIELD = {"field": "logo", "purpose": "company_logo"}


def logo(size: int = 0, name: str = "logo.png", colour: Any = (1, 2, 3)) -> SimpleUploadedFile:
    small = picture_file(width=168, height=70, colour=colour)
    return SimpleUploadedFile(name, small + b"\0" * max(0, size - len(small)))


@pytest.fixture
def seller(db: None) -> Seller:
    return factories.make_seller(member=factories.make_buyer(email="owner@a.example"))


@pytest.fixture
def owner(seller: Seller) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Member.objects.get(seller=seller).user)
    return client


def picture_response(client: Client, sha256: str) -> tuple[int, Mapping[str, str]]:
    answer = client.get(f"/pictures/{sha256}/card.webp")
    return answer.status_code, answer.headers


def test_file_becomes_a_picture_in_the_field(owner: Client) -> None:
    answer = owner.post(UPLOAD, FIELD | {"logo_file": logo(5 * MB)})
    picture = Picture.objects.get()
    text = answer.content.decode()
    assert answer.status_code == 200
    assert f'name="logo" value="{picture.sha256}"' in text
    assert f"/pictures/{picture.sha256}/card.webp" in text
    assert (picture.purpose, picture.width, picture.by and picture.by.email) == ("company_logo", 168, "owner@a.example")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (logo(5 * MB + 1), "larger than 5 MB"),
        (
            SimpleUploadedFile("logo.png", b"<script>alert(1)</script>"),
            "The file is not a picture in a supported format (",
        ),
        (logo(name="logo.jpg"), "ends in .jpg, but the file is a PNG"),
        (None, "Choose a file."),
    ],
)
def test_refused_file_is_explained_beside_its_field_and_the_earlier_picture_stays(
    owner: Client, seller: Seller, file: SimpleUploadedFile | None, words: str
) -> None:
    before = factories.make_picture(seller, purpose=Picture.Purpose.COMPANY_LOGO, width=168, height=70)
    answer = owner.post(UPLOAD, FIELD | {"logo": before.sha256} | ({"logo_file": file} if file else {}))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert 'aria-invalid="true"' in text
    assert f'name="logo" value="{before.sha256}"' in text
    assert Picture.objects.count() == 1


@pytest.mark.parametrize("wrong", [{"field": "a b"}, {"field": ""}, {"purpose": "passport"}, {"field": '"><script>'}])
def test_unknown_field_is_not_found(owner: Client, wrong: dict[str, str]) -> None:
    assert owner.post(UPLOAD, FIELD | wrong | {"logo_file": logo()}).status_code == 404
    assert not Picture.objects.exists()


def test_picture_of_another_seller_cannot_be_used(owner: Client, seller: Seller) -> None:
    theirs = factories.make_picture(factories.make_seller(), purpose=Picture.Purpose.COMPANY_LOGO)
    assert theirs.sha256 not in owner.post(UPLOAD, FIELD | {"logo": theirs.sha256}).content.decode()
    assert not uploads.owns_picture(seller, theirs.sha256, purpose=Picture.Purpose.COMPANY_LOGO)


def test_upload_needs_a_csrf_token(seller: Seller) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Member.objects.get(seller=seller).user)
    assert client.post(UPLOAD, FIELD | {"logo_file": logo()}).status_code == 403
    assert not Picture.objects.exists()


@pytest.mark.django_db
def test_file_is_sent_with_the_form_without_scripts(rf: Any, seller: Seller) -> None:
    user = Member.objects.get(seller=seller).user

    def read(data: dict[str, object]) -> str:
        return uploads.submitted_picture(
            rf.post("/", data), "logo", purpose=Picture.Purpose.COMPANY_LOGO, seller=seller, by=user, now=NOW
        )

    sha256 = read({"logo_file": logo()})
    assert read({"logo": sha256}) == sha256
    assert read({"logo": sha256, "logo_file": logo(colour=(9, 9, 9))}) not in {"", sha256}, "the new one"
    assert read({"logo": sha256, "logo_remove": "1"}) == ""
    assert (read({}), read({"logo": "0" * 64}), read({"logo": "../x"})) == ("", "", "")


def test_public_pictures_are_cached_for_ever_and_pictures_of_drafts_are_not(owner: Client, seller: Seller) -> None:
    picture = factories.make_picture(seller)
    stranger = Client()
    assert picture_response(stranger, picture.sha256)[0] == 404
    status, head = picture_response(owner, picture.sha256)
    assert (status, "private" in head["Cache-Control"], "immutable" in head["Cache-Control"]) == (200, True, False)
    pictures.use_pictures("product:1", [picture.sha256], seller=seller, visible=True)
    status, head = picture_response(stranger, picture.sha256)
    assert (status, head["Content-Type"], head["X-Content-Type-Options"]) == (200, "image/webp", "nosniff")
    assert set(head["Cache-Control"].split(", ")) == {"public", "max-age=31536000", "immutable"}
    assert head["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert picture_response(owner, picture.sha256)[1]["Cache-Control"] == head["Cache-Control"]


def test_request_limit_is_high_enough_to_explain_too_large_pictures() -> None:
    most = config().assets.picture_most_bytes
    form = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    assert uploads.largest_page_body(UPLOAD) == 2 * most + form
    assert uploads.largest_page_body("/seller/keys/") == form
    assert uploads.largest_page_body("/nowhere/") == 0


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("length", [20, None])
def test_only_signed_in_users_may_send_a_file(
    signed_in: bool, length: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_buffering, "MAX_FORM_FROM_UNKNOWN", 10)
    head = [("transfer-encoding", "chunked")] if length is None else []

    async def run(largest: int) -> tuple[int, bytes]:
        tried = server(is_caller_known=lambda _environ: signed_in, largest=largest)
        answer = await ask(tried, scope(length=length, headers=head), b"x" * 20)
        return answer.status, answer.body

    assert asyncio.run(run(100)) == (200, b"came: " + b"x" * 20 * signed_in)
    assert asyncio.run(run(10)) == (413, b""), "nobody asks who sends too much"


def test_session_identifies_the_signed_in_user(owner: Client) -> None:
    cookie = owner.cookies[settings.SESSION_COOKIE_NAME].value

    def known(cookies: str) -> bool:
        return uploads.is_sender_known({"HTTP_COOKIE": cookies})

    assert known(f"a=b; {settings.SESSION_COOKIE_NAME}={cookie}")
    assert not known(f"{settings.SESSION_COOKIE_NAME}={'x' * 32}")
    assert not known("")
    stranger = Client()
    stranger.get("/account/login/")
    assert not uploads.is_sender_known({})
