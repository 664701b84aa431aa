"""Issue 28, must show 5: "Rename the market: a crawl of all pages, mails and files finds neither old name."

``test_walk`` looks at every page of the market with a name of its own. Here are the frames of all kinds of pages, those that are
made without the database, every mail, and the files that name the market.
"""

from __future__ import annotations

import math
from email.header import decode_header, make_header
from http import HTTPStatus

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.factories import NOW, make_buyer, make_operator, make_seller
from tests.factories.branding import OWN_BRANDING, old_names, rename_market
from tests.market.web.exchanging import scope
from tradepost.market.base.values import replace
from tradepost.market.branding import face
from tradepost.market.identity.models import User
from tradepost.market.notifications import messages
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.sites.console.pages import PAGES as OF_CONSOLE
from tradepost.market.web.environs import environ_of
from tradepost.market.web.invoice_letters import issuer, market_name
from tradepost.market.web.unread import refusal_response

pytestmark = pytest.mark.django_db

NAMES = {"en": "Cloud Bazaar", "zh-hans": "云集市"}
BOTH = pytest.mark.parametrize("language", NAMES)
BY_STRANGERS = (
    "/", "/contact/", "/account/login/", "/account/signup/", "/account/password/reset/", "/demands/new/", "/compare/",
    "/agreements/buyer/", "/no/such/page/", "/unified-login/",
)  # fmt: skip
BY_BUYERS = ("/orders/", "/services/", "/balance/", "/notices/", "/account/security/", "/agreements/", "/exports/")


@pytest.fixture
def operator() -> User:
    owner = make_operator()
    rename_market(owner, pictures=True)
    return owner


def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start as a process that answered requests before."""
    monkeypatch.setattr(face, "_cached_face", (math.inf, face.read()))


def reads(language: str, user: User | None = None) -> Client:
    client = Client(headers={"accept-language": language}, raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


@BOTH
def test_pages_of_every_site_show_its_name_and_not_that_of_the_software(operator: User, language: str) -> None:
    member = make_buyer(balance="0", language=language)
    make_seller(member=member)
    readers = (
        (None, BY_STRANGERS),
        (member, (*BY_BUYERS, "/seller/", "/seller/products/", "/seller/orders/")),
        (operator, [*(reverse(page.name) for page in OF_CONSOLE[:12]), "/console/branding/", "/console/audit/"]),
    )
    for user, paths in readers:
        client = reads(language, user)
        for path in paths:
            answer = client.get(path)
            shown = answer.content.decode()
            assert answer.status_code in {200, 404}, path
            assert old_names(shown) == [], path
            assert f"· {NAMES[language]}</title>" in shown, path
            assert f'alt="{NAMES[language]}"' in shown or path == "/unified-login/", path
            assert "/branding/7a1f5c.css" in shown, path
            assert OWN_BRANDING.icp in shown, path


@BOTH
def test_pages_without_database_access_show_the_cached_branding(
    operator: User, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del operator
    monkeypatch.setattr(face, "_cached_face", None)
    with translation.override(language):
        assert old_names(render_to_string("500.html", {})) == []
        known(monkeypatch)
        pages = [str(render_to_string(name, {})) for name in ("500.html", "503.html")]
    request_scope = scope(path="/orders/", headers=[("accept-language", language)])
    pages.append(refusal_response(environ_of(request_scope), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)[1].decode())
    for shown in pages:
        assert old_names(shown) == []
        assert f"· {NAMES[language]}</title>" in shown
        assert "/branding/7a1f5c.css" in shown
    monkeypatch.setattr(face, "_cached_face", (math.inf, face.Face()))
    assert (
        NAMES[language]
        not in refusal_response(environ_of(request_scope), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)[1].decode()
    )


@BOTH
def test_every_mail_comes_from_the_market_and_names_no_other(operator: User, language: str) -> None:
    del operator
    reader = make_buyer(balance="0", language=language)
    site = Site("https://market.example", "old@market.example")
    for kind in messages.TEMPLATES:
        notice = Notice.objects.create(user=reader, kind=kind, facts={}, link="/orders/", once=kind, created_at=NOW)
        mail = NoticeDelivery.objects.create(notice=notice, address=reader.email, created_at=NOW, language=language)
        message = compose(mail, site)
        raw = message.message()
        sender = str(make_header(decode_header(raw["From"])))
        assert sender == f"{NAMES[language]} <noreply@localhost>", kind
        html = str(message.alternatives[0][0])
        assert old_names("\n".join([raw.as_string(), str(message.subject), str(message.body), html])) == [], kind
        for text in (str(message.body), html):
            assert NAMES[language] in text
            assert "help@bazaar.example" in text
            assert "old@market.example" not in text


@BOTH
def test_unnamed_market_sends_mail_under_the_name_of_the_settings(language: str, settings) -> None:
    reader = make_buyer(balance="0", language=language)
    mail = NoticeDelivery.objects.create(kind="account_reset", address=reader.email, created_at=NOW, language=language)
    site = Site("https://market.example", "old@market.example")
    expected = {"en": "Tradepost", "zh-hans": "商埠"}[language]
    assert str(make_header(decode_header(compose(mail, site).message()["From"]))) == f"{expected} <noreply@localhost>"
    settings.DEFAULT_FROM_EMAIL = '"Shop, Inc." <mail@shop.example>'
    assert compose(mail, site).message()["From"].addresses[0].display_name == "Shop, Inc."
    assert "old@market.example" in str(compose(mail, site).body)


def test_files_and_links_name_the_market(operator: User) -> None:
    del operator
    assert reads("en").get("/favicon.ico")["Location"] == f"/pictures/{face.read().icon}/card.webp"
    document = reads("zh-hans").get("/api/openapi.json").content.decode()
    assert '"title": "Cloud Bazaar open APIs"' in document
    assert old_names(document) == []
    assert (market_name(), issuer()) == ("云集市 Cloud Bazaar", "云集市网络有限公司 Cloud Bazaar Networks Ltd")
    shown = reads("en").get("/demands/new/").content.decode()
    assert "%E3%80%90Cloud%20Bazaar%E3%80%91" in shown


@pytest.mark.parametrize(("powered_by", "expected"), [(True, "Powered by Tradepost"), (False, "")])
def test_footer_names_the_software_only_if_operators_enable_it(powered_by: bool, expected: str) -> None:
    rename_market(make_operator(), replace(OWN_BRANDING, powered_by=powered_by))
    shown = reads("en").get("/").content.decode()
    assert len(old_names(shown)) == powered_by
    assert expected in shown


@BOTH
def test_contact_page_shows_who_runs_the_market(operator: User, language: str) -> None:
    del operator
    shown = reads(language).get("/contact/").content.decode()
    own = {
        "en": ("Cloud Bazaar Networks Ltd", "1 Nanshan Road, Shenzhen", "Monday to Friday"),
        "zh-hans": ("云集市网络有限公司", "深圳市南山区一号", "周一至周五"),
    }
    for text in (
        *own[language],
        OWN_BRANDING.icp,
        OWN_BRANDING.support_phone,
        OWN_BRANDING.support_email,
        "https://beian.miit.gov.cn/",
    ):
        assert text in shown


def test_stylesheet_with_and_without_a_colour() -> None:
    answer = reads("en").get("/branding/7a1f5c.css")
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert "public" in answer["Cache-Control"]
    assert b"--tblr-primary: light-dark(#7a1f5c" in answer.content
    for wrong in ("ffffff", "7A1F5C", "red", "7a1f5"):
        assert reads("en").get(f"/branding/{wrong}.css").status_code == 404
