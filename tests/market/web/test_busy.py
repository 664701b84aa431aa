"""If the database is not available, people and programs are asked to retry, and nothing is stored."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import NoReturn

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver
from django.utils import translation

from tests import factories, waiting
from tests.factories.demo import demo_on_sale
from tests.market.open_api.asking import ADDRESS, HOST, Shop
from tradepost.market.base import clock
from tradepost.market.identity.models import AccessKey
from tradepost.market.orders.models import Order
from tradepost.market.payments.models import Transfer
from tradepost.market.web.busy import RETRY_AFTER, is_busy

SHORTER = {"sqlite": "PRAGMA busy_timeout = 20", "postgresql": "SET lock_timeout = '20ms'"}
LONGER = {"sqlite": "PRAGMA busy_timeout = 5000", "postgresql": "SET lock_timeout = 0"}


@contextmanager
def locked(model: type[Order | AccessKey]) -> Iterator[None]:
    """Lock the rows (on SQLite the whole database) in another transaction for longer than the timeout."""
    event, enough = Event(), Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(model.objects.select_for_update())
                event.set()
                enough.wait(waiting.TIMEOUT)
        finally:
            connection.close()

    other = Thread(target=hold)
    other.start()
    assert event.wait(30)
    with connection.cursor() as cursor:
        cursor.execute(SHORTER[connection.vendor])
    try:
        yield
    finally:
        enough.set()
        other.join(waiting.TIMEOUT)
        with connection.cursor() as cursor:
            cursor.execute(LONGER[connection.vendor])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("language", "words"), [("en", "The market is busy"), ("zh-hans", "系统繁忙")])
def test_person_gets_an_explanation_and_nothing_is_stored(language: str, words: str) -> None:
    buyer = factories.make_buyer()
    order = factories.make_order(buyer, now=clock.now())
    client = Client(raise_request_exception=False)
    client.force_login(buyer)
    client.cookies["django_language"] = language
    with locked(Order):
        answer = client.post(f"/orders/{order.number}/pay/")
    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, str(RETRY_AFTER))
    assert words in page
    assert f'lang="{language}"' in page
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert not Transfer.objects.filter(reason=Transfer.Reason.PAYMENT).exists()
    assert client.post(f"/orders/{order.number}/pay/").status_code == 302
    assert Order.objects.get().status == Order.Status.PROCESSING


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_program_gets_the_envelope_of_its_api(settings: pytest.FixtureRequest) -> None:
    """openapi-jointkit §C.2: 502 Backend unavailable, in the gateway's envelope, with Retry-After."""
    settings.ALLOWED_HOSTS = [HOST]  # type: ignore[attr-defined]  # provided by pytest-django
    shop = Shop(demo_on_sale(clock.now(), seller_address=ADDRESS))
    with locked(AccessKey):  # its first use in a minute is recorded there
        answer = shop.ask("orderId=MOCKPERIODYEARNEW")
    assert (answer.status_code, answer["Retry-After"]) == (502, str(RETRY_AFTER))
    assert json.loads(answer.content)["error_code"] == "APIGW.0201"
    assert shop.ask("orderId=MOCKPERIODYEARNEW").status_code == 200


def answer_to(error: Exception, request: HttpRequest) -> HttpResponse:
    """Django calls its handler while the error is being handled."""
    try:
        _fail(error)
    except (OperationalError, InterfaceError, ValueError):
        return get_resolver().resolve_error_handler(500)(request)


def _fail(error: Exception) -> NoReturn:
    raise error


@pytest.mark.parametrize(
    ("path", "error", "status", "message"),
    [
        ("/", OperationalError("the connection is lost"), 503, "Try again"),
        ("/?q=a", InterfaceError("connection already closed"), 503, 'href="/?q=a"'),
        ("/", ValueError("a bug"), 500, "Something went wrong"),
        ("/api/x", OperationalError("the connection is lost"), 502, '"error_code":"APIGW.0201"'),
        ("//api/x", ValueError("a bug"), 500, '"error_code":"APIGW.0601"'),
    ],
    ids=str,
)
def test_uncaught_errors_are_distinguished(rf, path: str, error: Exception, status: int, message: str) -> None:
    request = rf.get("/")
    request.path_info, _, query = path.partition("?")
    request.path, request.META["QUERY_STRING"] = request.path_info, query
    with translation.override("en"):
        answer = answer_to(error, request)
    assert answer.status_code == status
    assert answer.has_header("Retry-After") is (status != 500)
    assert message in answer.content.decode().replace('": "', '":"')


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("the connection is lost"), ValueError("a bug")], ids=str)
def test_language_can_be_switched_on_a_page_that_needs_no_database(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Switching the language works without the database, and leads back to the failed page."""
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    with monkeypatch.context() as broken:
        broken.setattr("tradepost.market.web.limits.count", lambda _request: _fail(error))
        page = client.get("/?q=a", headers={"Accept-Language": "en"})
    assert page.status_code in {500, 503}
    shown = page.content.decode()
    assert re.search(r'value="zh-hans"\s+lang="zh-Hans"', shown)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', shown))
    assert fields["next"] == "/?q=a"
    away = OperationalError("the connection is lost")
    monkeypatch.setattr("tradepost.market.web.language._keep", lambda *_: _fail(away))
    answer = client.post("/i18n/setlang/", fields | {"language": "zh-hans"})
    assert (answer.status_code, answer["Location"]) == (302, "/?q=a")
    assert client.cookies["django_language"].value == "zh-hans"


def database_error(statement: str) -> BaseException:
    """SQLite's error for this case, as Django passes it on."""
    database = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.Error) as caught:
        database.execute(statement)
    database.close()
    error = OperationalError(str(caught.value))
    error.__cause__ = caught.value
    return error


def test_our_own_error_is_not_reported_as_a_busy_database() -> None:
    assert not is_busy(database_error("SELECT * FROM nowhere"))
    assert not is_busy(None)
    assert not is_busy(ValueError())
