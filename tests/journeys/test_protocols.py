"""The market sells over SaaS 1.0, License 1.0 and the online License as over SaaS 2.0: pages, engine, kit, sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_buyer
from tests.journeys.buying import order, wait_until_delivered
from tests.journeys.speaking import APP, LICENSE, Maker, OldSeller, old_seller, product_over, serving
from tests.kit.servers import free_port
from tests.market.working import working
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.identity.models import User
from tradepost.market.payments import ledger
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.lifecycle import access_data, license_of
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import AppInfo

pytestmark = pytest.mark.django_db(transaction=True)

PROTOCOLS = ("saas_v1", "license_v1", "license_online")
MONTH = {"plan": "PERIOD-month", "total": "10000"}
FIRST = {"saas_v1": "newInstance", "license_v1": "getLicense", "license_online": "newInstance"}


@pytest.fixture
def buyer() -> User:
    return make_buyer(phone="15905222222", now=clock.now())


@pytest.fixture
def page(buyer: User) -> Client:
    return browser(buyer)


@pytest.fixture
def member() -> User:
    return make_buyer(balance="0", now=clock.now())


@pytest.fixture
def old() -> Iterator[OldSeller]:
    with old_seller() as seller:
        yield seller


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}/produce"


def activities() -> list[str]:
    return list(Call.objects.order_by("pk").values_list("activity", flat=True))


def test_saas_v1_returns_access_data_at_once(page: Client, buyer: User, tmp_path: Path) -> None:
    """saas-v1-license A2.1, A2.2: buyer and purchase come inline, user name and password go back encrypted (AES-256)."""
    seller, port = Maker(tmp_path / "kit.db", "saas_v1"), free_port()
    with serving(seller, port), working():
        product = product_over("saas_v1", address(port), asks_mobile=True, asks_email=True)
        held = wait_until_delivered(order(page, product, **MONTH, periods="1"))
    assert activities() == ["newInstance"], "queryInstance may be missing for what is sold by period (A2.8)"
    assert access_data(held) == APP
    shown = page.get(f"/services/{held.pk}/").content.decode()
    assert APP.front_end_url in shown
    assert APP.user_name in shown
    assert APP.memo in shown
    assert APP.password not in shown
    assert page.post(f"/services/{held.pk}/password/").content.decode() == APP.password
    [asked] = seller.created
    assert asked.buyer is not None
    assert asked.purchase is not None
    assert (asked.buyer.customer_id, asked.buyer.mobile_phone, asked.buyer.email) == (
        buyer.customer_id, "15905222222", buyer.email
    )  # fmt: skip
    assert (asked.purchase.product_id, asked.purchase.period_type, asked.purchase.period_number) == (
        held.offer.product_id, "month", 1
    )  # fmt: skip
    kept = Attempt.objects.get()
    for name in ("authToken", "mobilePhone", "email"):
        assert f"{name}=••••" in kept.url
    assert f"customerId={buyer.customer_id}" in kept.url


def test_foreign_saas_v1_seller_answers_in_aes_128(page: Client, old: OldSeller) -> None:
    """saas-v1-license A1.4: the answer's encryptType 2 names the weaker strength; the seller does not use the kit."""
    with working():
        held = wait_until_delivered(
            order(page, product_over("saas_v1", old.url), plan="ONE_TIME-", periods="1", total="500000")
        )
    assert access_data(held) == AppInfo(front_end_url=APP.front_end_url, user_name=APP.user_name, password=APP.password)
    assert held.expires_at is None
    [asked] = old.asked
    assert (asked["chargingMode"], "periodType" in asked, "expireTime" in asked) == ("3", False, False)


@pytest.mark.slow
def test_license_v1_shows_the_license_only_to_its_buyer(page: Client, member: User, tmp_path: Path) -> None:
    """saas-v1-license B1: getLicense answers the license's text; there is nothing to query afterwards."""
    seller, port = Maker(tmp_path / "kit.db", "license_v1"), free_port()
    with serving(seller, port), working():
        placed = order(page, product_over("license_v1", address(port), member=member), **MONTH, periods="1")
        held = wait_until_delivered(placed)
    assert activities() == ["getLicense"]
    assert (held.status, license_of(held), access_data(held)) == (Subscription.Status.ACTIVE, LICENSE, None)
    for path in (f"/services/{held.pk}/", f"/orders/{placed.number}/"):
        shown = page.get(path).content.decode()
        assert "Your license" in shown
        assert "BEGIN LICENSE" not in shown
        assert "Login details" not in shown
    assert page.post(f"/services/{held.pk}/license/").content.decode() == LICENSE
    file = page.get(f"/services/{held.pk}/license.txt")
    assert (file.content.decode(), file["Content-Type"]) == (LICENSE, "text/plain; charset=utf-8")
    assert file["Content-Disposition"] == f'attachment; filename="license-{placed.number}-000001.txt"'
    assert file["Cache-Control"] == "private, no-store"
    stranger = browser(make_buyer())
    assert stranger.post(f"/services/{held.pk}/license/").status_code == 404
    assert stranger.get(f"/services/{held.pk}/license.txt").status_code == 404
    line = browser(member).get(f"/seller/orders/{placed.number}-000001/").content.decode()
    assert f"{len(LICENSE)} characters, shown only to the buyer" in line
    assert "BEGIN LICENSE" not in line
    message = browser(member).get(f"/seller/messages/{Call.objects.get().pk}/").content.decode()
    assert "authToken=••••" in message
    assert "curl --silent" not in message, "what was masked cannot be repeated"
    assert "BEGIN LICENSE" not in message
    assert "BEGIN LICENSE" not in Attempt.objects.get().response_body
    assert "BEGIN LICENSE" not in Call.objects.get().sealed_answer


def test_license_online_is_delivered_with_its_instance(page: Client, tmp_path: Path) -> None:
    """saas-v1-license B3: newInstance names the instance under which licenses are applied for."""
    seller, port = Maker(tmp_path / "kit.db", "license_online"), free_port()
    with serving(seller, port), working():
        product = product_over("license_online", address(port))
        held = wait_until_delivered(order(page, product, plan="PERIOD-month", periods="3", total="30000"))
    assert activities() == ["newInstance"]
    assert held.instance_id == seller.created[0].business_id
    assert (license_of(held), access_data(held)) == ("", None)
    shown = page.get(f"/services/{held.pk}/").content.decode()
    assert held.instance_id in shown
    assert "A license is made for each machine: apply for it on the page of the service." in shown
    assert "Apply for a license" in shown
    assert "Open the address and log in." in shown, "the guide"
    assert page.post(f"/services/{held.pk}/license/").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_restart_delivers_after_the_seller_was_down(page: Client, member: User, tmp_path: Path, protocol: str) -> None:
    """saas-v2 §7, saas-v1-license A2.1: Restart on the page of interface messages is one more attempt, at once."""
    seller, port = Maker(tmp_path / "kit.db", protocol), free_port()
    with working():
        placed = order(page, product_over(protocol, address(port), member=member), **MONTH, periods="1")
        until(lambda: Call.objects.filter(last_verdict="connect").exists(), what="the first try finds nobody")
        call = Call.objects.get()
        assert call.activity == FIRST[protocol]
        with serving(seller, port):
            assert browser(member).post(f"/seller/messages/{call.pk}/restart/").status_code == 302
            held = wait_until_delivered(placed)
    assert held.status == Subscription.Status.ACTIVE
    assert [a.trigger for a in Attempt.objects.order_by("pk")] == ["plan", "restart"]
    [asked] = seller.created
    assert asked.order_id == placed.number
    assert held.expires_at is not None
    assert timezone.localtime(held.expires_at) > timezone.localtime(held.started_at)
    assert ledger.verify().problems == ()


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ("license_v1", "If that fails, the seller delivers by hand; until then the market holds your payment."),
        ("license_online", "Full refund if the order cannot be delivered."),
    ],
)
def test_product_page_describes_what_its_protocol_does(page: Client, protocol: str, words: str) -> None:
    """saas-v1-license B1, B3: buyers know before they buy what happens to the money when the plan ends."""
    product = product_over(protocol, "http://127.0.0.1:9/produce")
    assert words in page.get(f"/products/{product.slug}/").content.decode()
