"""SaaS 1.0 sellers in JavaScript and Java, written from the public description alone, sell on a live market.

They share no code with the market, and the Java one derives its AES keys with the JDK's own SHA1PRNG, as the public
samples do (saas-v1-license A1.4).
"""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from tests import waiting
from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.interop.sellers import starting
from tests.interop.sellers.starting import Language, Relay, relaying, selling
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.check import Options, Verdict, run
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.ledger import buyer_account
from tradepost.market.production import calls
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.reasons import explain
from tradepost.market.production.restart import restart
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import (
    AppInfo,
    ChargingMode,
    Command,
    Expire,
    InstanceStatus,
    Purchase,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)

KEY = "11111111-2222-3333-4444-555555555555"
MEMO = "首次登录后请修改密码。"
PHONE = "15905222222"
IV = "AbCdEfGh12345678"
PLAIN = "user@example.com"
FIXED_QUERY = "activity=queryInstance&instanceId=id-1%2Cid-2&testFlag=1&timeStamp=20230327070251713"
ENCODED_QUERY = (
    "activity=newInstance&businessId=61e834ba-7b97-4418-b8f7-e5345137278c&customerId=68cbc86abc2018ab880d92f36422fa0e"
    "&customerName=%E6%B5%8B%E8%AF%95%20%E5%85%AC%E5%8F%B8&email=AbCdEfGh12345678uAt0s%2FhIoaMSo3ZoAQShIJFc3S%2BSEDC%2F"
    "YimK2%2Bl91Ec%3D&expireTime=20200727153156&orderId=CS1906666666ABCDE&productId=00301-666666-0--0&saasExtendParams="
    "W3sibmFtZSI6ImlkTnVtIiwidmFsdWUiOiIzNTIyNTU1NTU1NTU2NTYifSx7Im5hbWUiOiJ1c2VyTmFtZSIsInZhbHVlIjoiaHVhd2VpMTIzIn0seyJ"
    "uYW1lIjoiY3VzdEVtYWlsIiwidmFsdWUiOiIxMjNAaHVhd2VpLmNvbSJ9XQ%3D%3D&testFlag=1&timeStamp=20200727073711903"
    "&authToken=F%2FkiBW7kctGPDwbnqj8Ptdgixb67kSGsbXsIOp9LSEU%3D"
)
BODY = '{"resultCode":"000000","resultMsg":"success."}'


pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module", params=["node", "java"])
def language(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Language:
    try:
        return starting.node() if request.param == "node" else starting.java(tmp_path_factory.mktemp("classes"))
    except starting.Missing as missing:
        pytest.skip(str(missing))


def product_at(url: str, *, member: User | None = None, **fields: object) -> Product:
    now = clock.now()
    seller = make_seller(signing_key=KEY, member=member, now=now)
    address = make_address(seller, url=url, protocol="saas_v1", now=now)
    return make_product(seller, address=address, now=now, **fields)  # type: ignore[arg-type]  # fields of ListProduct


def buy(product: Product) -> Order:
    now = clock.now()
    buyer = make_buyer(balance="1000", phone=PHONE, now=now)
    return make_order(buyer, offer=make_offer(product), periods=3, paid=True, now=now)


def await_status(order: Order, status: Order.Status, *, within: float = 60) -> None:
    until(lambda: Order.objects.get(pk=order.pk).status == status, within=within, what=f"the order is {status}")


def held_by_buyer(order: Order) -> Subscription:
    await_status(order, Order.Status.COMPLETED)
    return Subscription.objects.get(order_lines__order=order)


@pytest.mark.parametrize(
    ("key", "derived"),
    [
        ("xxxxxxx", "c962ef8500ad13239b5ec0eb6a5c570b3cae0fd0e5c28e793eb6aaa22d251123"),
        ("test-access-key-0001", "fa32b243c1eeb23e93357bb8be8ec84903d6395e4f1ccb2379a1666d99a6ab9f"),
        (KEY, "fa99dc2d055187d2bd1e0b33100448cca4a528b19c93588930b6b64e82d99935"),
    ],
)
def test_keys_are_those_published(language: Language, key: str, derived: str) -> None:
    """saas-v1-license E3: AES-256, and its first half for AES-128."""
    assert made(language, key, FIXED_QUERY)[:2] == [derived[:32], derived]


def test_signatures_and_fields_are_those_published(language: Language) -> None:
    """saas-v1-license E1 (6 and 7), E2, E4."""
    _, _, aes128, aes256, token, sign = made(language, "test-access-key-0001", FIXED_QUERY)
    assert aes128 == "AbCdEfGh12345678uAt0s/hIoaMSo3ZoAQShIJFc3S+SEDC/YimK2+l91Ec="
    assert aes256 == "AbCdEfGh12345678ZRNupZb0pdaVwf+bO64F7nvnfwDncDJLkZAeNrHjlEs="
    assert token == "S6WSDQ0+BRXp/33IyjvEgi9Cf6aXYAJQpMAL6V1EhXc="
    assert sign.replace("= ", "=") == (
        'sign_type="HMAC-SHA256", signature="MTRk2q83clWO4HHLQUfXiUtDjSMcNYXSL1bfbmtOrjc="'
    )
    assert made(language, "test-access-key-0001", ENCODED_QUERY)[4] == "F/kiBW7kctGPDwbnqj8Ptdgixb67kSGsbXsIOp9LSEU="


def made(language: Language, key: str, query: str) -> list[str]:
    command = [*language.vectors, key, IV, PLAIN, query, BODY]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=waiting.PROGRAM_TIMEOUT
    ).stdout.splitlines()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("encrypt_type", ["1", "2"])
def test_buyer_reads_decrypted_access_data(language: Language, tmp_path: Path, encrypt_type: str) -> None:
    """saas-v1-license A1.4, A2.1, A2.2: encryptType 1 is AES-256, 2 is AES-128; Chinese and umlauts are preserved."""
    with selling(language, tmp_path / "log", key=KEY, encrypt_type=encrypt_type) as seller, working():
        order = buy(product_at(seller.url))
        held = held_by_buyer(order)
    [created] = seller.told("created")
    user_name, password = created["userName"], created["password"]
    assert user_name == f"管理员-{held.instance_id[:8]}"
    assert password.startswith("Öffne-")
    site = f"https://{language.name}.example"
    assert access_data(held) == AppInfo(
        front_end_url=f"{site}/app", admin_url=f"{site}/admin", user_name=user_name, password=password, memo=MEMO
    )
    assert (created["orderId"], created["customerName"]) == (order.number, order.buyer.name)
    assert (created["chargingMode"], created["periodType"], created["periodNumber"]) == ("1", "month", "3")
    attempt = Attempt.objects.get()
    assert (attempt.verdict, attempt.method) == ("done", "GET")
    assert f'"encryptType":"{encrypt_type}"' in attempt.response_body
    assert password not in attempt.response_body


@pytest.mark.django_db(transaction=True)
def test_seller_decrypts_contact_data(language: Language, tmp_path: Path) -> None:
    """saas-v1-license A1.4: mobile number and e-mail address are sent encrypted, when the product asks for them."""
    with selling(language, tmp_path / "log", key=KEY) as seller, working():
        order = buy(product_at(seller.url, asks_mobile=True, asks_email=True))
        held_by_buyer(order)
    [created] = seller.told("created")
    assert (created["mobilePhone"], created["email"]) == (PHONE, order.buyer.email)


@pytest.mark.django_db(transaction=True)
def test_restart_after_a_lost_response_gives_the_same_instance(language: Language, tmp_path: Path) -> None:
    """saas-v1-license A2.2: the order is the key, though businessId is another one on each call (A2.1)."""
    with (
        selling(language, tmp_path / "log", key=KEY) as seller,
        relaying(Relay(seller.url, loses="activity=newInstance")) as relay,
        working(),
    ):
        order = buy(product_at(relay.url))
        until(lambda: Call.objects.filter(last_verdict="closed").exists(), what="the first answer is lost")
        relay.loses = ""
        restart(Call.objects.get(), actor="seller@example.com", now=clock.now())
        held = held_by_buyer(order)
    [created] = seller.told("created")
    last = seller.told("repeated")[-1]
    assert held.instance_id == created["instanceId"] == last["instanceId"] == created["businessId"]
    assert last["businessId"] != created["businessId"]
    access = access_data(held)
    assert access is not None
    assert access.password == created["password"]


@pytest.mark.django_db(transaction=True)
def test_instance_created_unseen_is_released_after_the_refund(language: Language, tmp_path: Path) -> None:
    """saas-v1-license A6: newInstance for 3 hours, then a refund; A2.2 recommends the first businessId as instanceId."""
    with (
        selling(language, tmp_path / "log", key=KEY) as seller,
        relaying(Relay(seller.url, loses="activity=newInstance")) as relay,
        working(),
    ):
        order = buy(product_at(relay.url))
        until(lambda: Call.objects.filter(last_verdict="closed").exists(), what="the first answer is lost")
        advance(timedelta(hours=3, minutes=1))
        await_status(order, Order.Status.REFUNDED)
        until(lambda: bool(seller.told("releaseInstance")), what="the release")
    [created], [released] = seller.told("created"), seller.told("releaseInstance")
    assert {one["instanceId"] for one in seller.told("repeated")} == {created["instanceId"]}
    assert (released["instanceId"], released["orderId"]) == (created["instanceId"], order.number)
    assert buyer_account(order.buyer, "CNY").balance.minor == 100_000
    assert ledger.verify().problems == ()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_instance_is_renewed_frozen_unfrozen_and_released(language: Language, tmp_path: Path) -> None:
    """saas-v1-license A2.3 to A2.8, A7: unfreezing is spelled NORMAL here, and what was released is unknown (000003)."""
    with selling(language, tmp_path / "log", key=KEY) as seller, working():
        order = buy(product_at(seller.url))
        held = held_by_buyer(order)
        instance = held.instance_id
        until_then = clock.now().replace(microsecond=0) + timedelta(days=60)
        for command in (
            Query(instance_ids=(instance,)),
            Refresh(
                instance_id=instance,
                scene=Scene.RENEWAL,
                order_id="CS2603010800RENEW",
                order_line_id="CS2603010800RENEW-000001",
                expires_at=until_then,
            ),
            Upgrade(
                instance_id=instance,
                order_id="CS2603010800GROW",
                order_line_id="CS2603010800GROW-000001",
                purchase=Purchase(
                    product_id=held.offer.product_id,
                    sku_code="sku-grown",
                    product_name="",
                    charging_mode=ChargingMode.PERIOD,
                    quantity=7,
                ),
            ),
            SetStatus(instance_id=instance, status=InstanceStatus.FREEZE),
            SetStatus(instance_id=instance, status=InstanceStatus.UNFREEZE),
            Expire(instance_id=instance, order_id=order.number),
            Release(instance_id=instance, order_id=order.number, order_line_id=f"{order.number}-000001"),
        ):
            assert verdict(command, held, order) == "done", command
        assert verdict(Query(instance_ids=(instance,)), held, order) == "000003"
    [refreshed], [expired], [released] = (seller.told(f"{verb}Instance") for verb in ("refresh", "expire", "release"))
    [upgraded] = seller.told("upgrade")
    assert (upgraded["orderId"], upgraded["productId"]) == ("CS2603010800GROW", held.offer.product_id)
    assert refreshed["expireTime"] == f"{until_then:%Y%m%d%H%M%S}"
    assert [fact["instanceStatus"] for fact in seller.told("instanceStatus")] == ["FREEZE", "NORMAL"]
    assert expired["instanceId"] == released["instanceId"] == instance


def verdict(command: Command, held: Subscription, order: Order) -> str:
    """Return the result of the market's first attempt."""
    call = calls.create_call(
        command, product=held.product, subscription=held, order_number=order.number,
        order_line_number=f"{order.number}-000001", now=clock.now(),
    )  # fmt: skip
    until(lambda: Attempt.objects.filter(call=call).exists(), what=f"{command} is answered")
    return Attempt.objects.filter(call=call).order_by("number")[0].verdict


@pytest.mark.django_db(transaction=True)
def test_wrong_key_is_explained(language: Language, tmp_path: Path) -> None:
    """saas-v1-license A1.2, A1.3: the seller refuses with 000001, and signs that with the same wrong key."""
    member = make_buyer(balance="0", now=clock.now())
    with selling(language, tmp_path / "log", key="a key from another environment") as seller, working():
        order = buy(product_at(seller.url, member=member))
        until(lambda: Call.objects.filter(last_verdict="body_sign_wrong").exists(), what="the refusal comes back")
        call = Call.objects.get()
        page = Client(headers={"accept-language": "en"})
        page.force_login(member)
        shown = page.get(f"/seller/messages/{call.pk}/").content.decode()
    assert seller.told("created") == []
    assert Order.objects.get(pk=order.pk).status == Order.Status.PROCESSING
    reason = explain("body_sign_wrong", protocol="saas_v1")
    assert reason.title == "The signature in Body-Sign is wrong"
    assert reason.title in shown
    assert "The signature that came does not fit the bytes of the body under the seller" in shown
    assert "000001" in Attempt.objects.get().response_body
    assert "000001" in shown, "what the seller's server said"


@pytest.mark.django_db(transaction=True)
def test_request_changed_by_a_gateway_is_explained(language: Language, tmp_path: Path) -> None:
    """saas-v1-license A1.2: all parameters are signed, so one that is added on the way breaks the authToken."""
    member = make_buyer(balance="0", now=clock.now())
    with (
        selling(language, tmp_path / "log", key=KEY) as seller,
        relaying(Relay(seller.url, append="&gateway=1")) as relay,
        working(),
    ):
        buy(product_at(relay.url, member=member))
        until(lambda: Call.objects.filter(last_verdict="000001").exists(), what="the refusal comes back")
        call = Call.objects.get()
        page = Client(headers={"accept-language": "en"})
        page.force_login(member)
        shown = page.get(f"/seller/messages/{call.pk}/").content.decode()
        relay.append = ""
        restart(call, actor="seller@example.com", now=clock.now())
        until(lambda: Call.objects.filter(last_verdict="done").exists(), what="the restart succeeds")
    assert "000001 authentication failed" in shown
    assert "authToken is wrong" in shown, "what the seller's server said"
    assert len(seller.told("created")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("encrypt_type", ["1", "2"])
def test_tester_has_no_complaints(language: Language, tmp_path: Path, encrypt_type: str) -> None:
    with selling(language, tmp_path / "log", key=KEY, encrypt_type=encrypt_type) as seller:
        report = run(Options(url=seller.url, protocol="saas_v1", key=KEY, load=True))
    wrong = [(one.check_id, one.seen.en) for one in report.results if one.verdict in {Verdict.FAILED, Verdict.BROKEN}]
    assert wrong == []
    # It has no sales by usage.
    assert {one.check_id for one in report.results if one.verdict is Verdict.SKIPPED} == {"time.usage_time"}
    assert report.count(Verdict.PASSED) >= 150
