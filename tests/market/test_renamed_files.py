"""Issue 28, must show 5: "Rename the market: a crawl of all pages, mails and files finds neither old name."

``test_walk`` reads the pages. Here are the files and headers of every address, every list as a file, and what leaves the market
without a page: SMS, webhooks, chats, letters, agreements and the exported configuration.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.core.cache import cache as counts
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve
from django.utils import translation

from tests.factories import make_operator
from tests.factories.branding import OWN_BRANDING, old_names, rename_market
from tests.market import every_address as table
from tests.market.every_address import ADDRESSES
from tests.market.file_texts import texts_of
from tests.market.larger_world import LargerWorld
from tests.market.site_walk import world as world  # noqa: PLC0414  # a fixture
from tradepost.market import portable
from tradepost.market.base import outbound
from tradepost.market.base.config import config
from tradepost.market.base.portable import Place
from tradepost.market.branding import face
from tradepost.market.identity import first_agreements
from tradepost.market.identity.company_models import Agreement
from tradepost.market.notifications import chat, messages, webhook
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.spoken import render_delivery
from tradepost.market.web.pages import registry
from tradepost.market.web.sending_files import HEADER, PART

pytestmark = pytest.mark.django_db
LANGUAGES = ("en", "zh-hans")
INSIDE = {HEADER, PART, "Tradepost-Field"}
"""Headers that the web server removes, and one that a script reads (decision 0105: names on the wire)."""
ON_THE_WIRE = {
    "metrics": "tradepost_",  # dashboards and alert rules use it
    "services/<int:pk>/manifests/<int:number>.json": "tradepost.image-manifest/1",  # programs recognise the format by it
}
"""Names that programs read, as decision 0105 allows them, by address."""
READERS = (table.OPERATOR, table.OWNER, table.BUYER, table.OTHER_OWNER, table.OTHER_BUYER, table.TRADER, table.STRANGER)


def get_page(world: LargerWorld, role: str, path: str, language: str, **query: str) -> HttpResponse:
    client = Client(headers={"accept-language": language}, raise_request_exception=True)
    if role != table.STRANGER:
        client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[role]
    counts.clear()
    face.forget()
    with transaction.atomic():
        answer: Any = client.get(path, query)
        transaction.set_rollback(True)
    return answer


def content_of(answer: HttpResponse) -> bytes:
    """Include the content of a response that the web server sends from the disk."""
    if HEADER in answer:
        return Path(answer[HEADER]).read_bytes()
    return b"".join(answer) if answer.streaming else answer.content


def headers_of(answer: HttpResponse) -> str:
    shown = [f"{name}: {unquote(str(value))}" for name, value in answer.items() if name not in INSIDE]
    return "\n".join([*shown, *(f"{morsel.value}" for morsel in answer.cookies.values())])


def software_names_in(answer: HttpResponse, where: str, *, allowed: str = "") -> list[str]:
    """Return the places with the name of the software in the headers, and in the content of responses other than pages."""
    shown = headers_of(answer)
    if not answer.get("Content-Type", "").startswith("text/html"):
        shown += texts_of(content_of(answer))
    return [f"{where}: {around}" for around in old_names(shown.replace(allowed, "") if allowed else shown)]


@pytest.mark.slow
def test_no_header_and_no_file_of_any_address_names_the_software(world: LargerWorld) -> None:
    kinds, places = set(), []
    for pattern, row in ADDRESSES.items():
        role = next((role for role in READERS if role in row.get), None)
        if role is None or row.gateway:
            continue
        for language in LANGUAGES:
            answer = get_page(world, role, world.path(pattern, row), language)
            kinds.add(answer.get("Content-Type", "").partition(";")[0])
            places += software_names_in(answer, f"{pattern} in {language}", allowed=ON_THE_WIRE.get(pattern, ""))
    assert places == []
    assert kinds >= {"text/html", "application/json", "text/csv", "application/pdf", "image/webp", "image/svg+xml"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_exported_list_names_the_software(world: LargerWorld, kind: str) -> None:
    """Neither in the name of the file, nor in the author and program of a workbook."""
    paths: Mapping[str, tuple[str, str]] = {
        resolve(path).view_name: (path, next(role for role in READERS if role in row.get))
        for pattern, row in ADDRESSES.items()
        if row.get and not row.gateway
        for path in [world.path(pattern, row)]
    }
    places, files = [], 0
    for name in registry.entries():
        path, role = paths[name]
        for language in LANGUAGES:
            answer = get_page(world, role, path, language, format=kind, status="")
            files += "attachment" in answer.get("Content-Disposition", "")
            places += software_names_in(answer, f"{name} as {kind} in {language}")
    assert places == []
    assert files > len(registry.entries())


# --- output other than pages ------------------------------------------------------------------------------------------


@pytest.fixture
def renamed() -> Iterator[None]:
    rename_market(make_operator(), pictures=True)
    yield
    face.forget()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sms_webhook_or_chat_names_the_software(renamed: None, language: str) -> None:
    del renamed
    with translation.override(language):
        for kind in messages.TEMPLATES:
            delivery = NoticeDelivery(pk=1, kind=kind, address="13800138000", language=language)
            words = render_delivery(delivery)
            hook = webhook.body_of(delivery, base_url="https://x.example").decode()
            texts = [
                words.title,
                words.body,
                words.action,
                hook,
                *chat.compose_message(delivery, base_url="https://x.example"),
            ]
            assert old_names("\n".join(texts)) == [], kind


def test_default_agreements_do_not_name_the_software() -> None:
    shipped = Agreement.objects.filter(number=1)
    assert {agreement.kind for agreement in shipped} == set(first_agreements.KINDS)
    for agreement in shipped:
        assert old_names(f"{agreement.text}\n{agreement.text_en}\n{agreement.get_kind_display()}") == [], agreement.kind
        assert "本商店" in agreement.text


def test_exported_configuration_does_not_name_the_software(renamed: None) -> None:
    del renamed
    body = json.loads(portable.export(Place(currency="CNY", files=config().files)))
    assert body.pop("format") == "tradepost-config", "the name of the format, by which a market knows the file"
    exported = json.dumps(body, ensure_ascii=False)
    assert (old_names(exported), OWN_BRANDING.name in exported) == ([], True)


def test_letter_names_the_market_that_issues_it(world: LargerWorld) -> None:
    """The control of this file: text in a PDF and in a workbook is found."""
    letter = content_of(
        get_page(
            world,
            table.BUYER,
            world.path("invoices/<int:pk>/letter/", ADDRESSES["invoices/<int:pk>/letter/"]),
            "zh-hans",
        )
    )
    assert letter.startswith(b"%PDF-")
    assert (OWN_BRANDING.company in texts_of(letter), old_names(texts_of(letter))) == (True, [])
    book = content_of(get_page(world, table.OPERATOR, "/console/accounts/", "en", format="xlsx"))
    assert book.startswith(b"PK")
    assert "xaver@x-company.example" in texts_of(book)


def test_software_is_named_in_one_header_to_sellers_and_receivers() -> None:
    """Decision 0105. ``User-Agent`` names the program that sends the request, not its operator (RFC 9110 §10.1.5).
    Sellers find its calls by it in their logs, and a market's name may contain characters that a header must not.
    """
    assert outbound.AGENT == "Tradepost"
