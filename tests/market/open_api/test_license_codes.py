"""Codes as a seller's software asks for them, in both versions (openapi-jointkit §C.8–§C.10, saas-v1-license §B2.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.market.licenses.coded import code_of, code_ordered, coded_product, made_for_tests, order_of, taken
from tests.market.open_api.asking import HOST, Shop, members
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller
from tradepost.market.licenses import software_usage
from tradepost.market.licenses.code_models import LicenseCode, SoftwareUsage
from tradepost.market.licenses.codes import is_tested
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.license_calls import ACTIVATE_V1, ACTIVATE_V2, QUERY_V1, QUERY_V2
from tradepost.protocols.open_api.signing import sign
from tradepost.protocols.open_api.software_usage import PATH as USAGE

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(settings: Any) -> Subscription:
    settings.ALLOWED_HOSTS = [HOST]
    return code_ordered(now=clock.now())


def shop_of(seller: Seller) -> Shop:
    new = keys.create_access_key(seller, by=None, now=clock.now())
    return Shop(SimpleNamespace(access_key=new.key_id, secret_key=new.secret))  # type: ignore[arg-type]


@pytest.fixture
def shop(held: Subscription) -> Shop:
    return shop_of(held.seller)


def ask(shop: Shop, path: str, status: int = 200, **body: object) -> dict[str, Any]:
    answer = shop.ask("", path=path, method="POST", body=json.dumps(body).encode())
    assert answer.status_code == status, answer.content
    return members(answer)


def code(shop: Shop, path: str, **body: object) -> str:
    """Of a refusal, which changed nothing."""
    before = list(LicenseCode.objects.order_by("pk").values()), SoftwareUsage.objects.count()
    found: str = ask(shop, path, 200, **body)["error_code"]
    assert (list(LicenseCode.objects.order_by("pk").values()), SoftwareUsage.objects.count()) == before
    return found


def test_version_1_from_the_refusals_to_the_heartbeat(held: Subscription, shop: Shop) -> None:
    """§C.8, §C.9: the rows 92020005, 04, 11, 02, 03, each with its case."""
    text = code_of(held).code
    assert code(shop, ACTIVATE_V1, license="PLNOBODYS") == "92020005"
    assert code(shop, ACTIVATE_V1, license=text) == "92020004"
    assert code(shop, QUERY_V1, license=text) == "92020011"
    taken(held, now=clock.now())
    assert code(shop, QUERY_V1, license=text) == "92020011"
    assert code(shop, ACTIVATE_V1, license=text, real_effect_time="20000101000000") == "92020002", "before its order"
    assert code(shop, ACTIVATE_V1, license=text, real_effect_time="yesterday") == "92020002"

    told = ask(shop, ACTIVATE_V1, license=text)
    held.refresh_from_db()
    assert (told["error_code"], told["error_msg"], held.status) == ("92020000", "success", "active")
    assert held.expires_at is not None
    end = f"{held.expires_at:%Y%m%d%H%M%S}"
    assert json.loads(told["data"]["license_code_info"]) == {
        "status": "ALIVE", "expire_time": end, "product_id": held.offer.product_id,
        "order_id": order_of(held).number, "amount": 1,
    }  # fmt: skip
    assert code(shop, ACTIVATE_V1, license=text) == "92020003"

    info = ask(shop, QUERY_V1, license=text, heartbeatInfo={"thirdPartyAccount": "a", "ip": "10.0.0.1"})["data"]
    assert (info["license_code"], info["status"], info["expire_time"]) == (text, "ALIVE", end)
    assert info["activate_time"] == f"{code_of(held).effective_at:%Y%m%d%H%M%S}"
    assert code_of(held).queried_at is not None

    for status, said in (("frozen", "EXPIRED"), ("releasing", "RELEASED"), ("released", "RELEASED")):
        Subscription.objects.filter(pk=held.pk).update(status=status)
        assert ask(shop, QUERY_V1, license=text)["data"]["status"] == said


def test_version_2_takes_lists_as_a_whole(held: Subscription, shop: Shop) -> None:
    """§C.8 v2: up to 100, no data; one that is wrong makes all wrong: 92020020."""
    other = made_for_tests(coded_product(held.seller)).code
    text = code_of(taken(held, now=clock.now())).code
    assert code(shop, ACTIVATE_V2, license_list=[text, "PLNOBODYS"]) == "92020020"
    assert code(shop, QUERY_V2, license_list=[text]) == "92020020", "not activated"
    assert ask(shop, ACTIVATE_V2, license_list=[text, other, text]) == {
        "error_code": "92020000",
        "error_msg": "success",
    }
    assert code(shop, ACTIVATE_V2, license_list=[text]) == "92020020"
    data = ask(shop, QUERY_V2, license_list=[other, text])["data"]
    assert [one["license_code"] for one in data] == [other, text]
    assert "order_id" not in data[0], "a test code stands for no order"
    assert is_tested(LicenseCode.objects.get(code=other).product), "it was activated and asked about"
    assert ask(shop, QUERY_V2, 400, license_list=[])["error_code"] == "95000001"
    assert ask(shop, ACTIVATE_V2, 400, license_list=[text] * 101)["error_code"] == "95000001"


def test_a_stranger_learns_nothing(held: Subscription) -> None:
    text = code_of(taken(held, now=clock.now())).code
    stranger = shop_of(code_ordered(now=clock.now()).seller)
    assert code(stranger, ACTIVATE_V1, license=text) == "92020005"
    assert code(stranger, QUERY_V1, license=text) == "92020005"
    assert code(stranger, QUERY_V2, license_list=[text]) == "92020020"
    unsigned = Shop(SimpleNamespace(access_key="TPNOBODY", secret_key="guessed"))  # type: ignore[arg-type]
    assert ask(unsigned, ACTIVATE_V1, 401, license=text)["error_code"] == "APIGW.0301"
    assert code_of(held).status == "taken"


def test_what_cannot_be_read_is_refused_with_the_rows_for_it(held: Subscription, shop: Shop) -> None:
    """§B2.3: 415 95000003, 400 95000004 and 95000001; a method that is not there is the gateway's."""
    answer = shop.ask("", path=ACTIVATE_V1, method="POST", body=b"{")
    assert (answer.status_code, members(answer)["error_code"]) == (400, "95000004")
    assert ask(shop, ACTIVATE_V1, 400)["error_code"] == "95000001"
    plain = Request("POST", f"http://{HOST}{ACTIVATE_V1}", (("Content-Type", "text/plain"),), b"{}")
    signed = sign(
        plain,
        ak=shop.seeded.access_key,
        sk=shop.seeded.secret_key,
        now=clock.wall(),
        signed_headers=("host", "x-sdk-date"),
    )
    from django.test import Client

    refused = Client().generic(
        "POST", ACTIVATE_V1, b"{}", content_type="text/plain", HTTP_HOST=HOST,
        headers={name: value for name, value in signed.headers if name not in {"Host", "Content-Type"}},
    )  # fmt: skip
    assert (refused.status_code, refused.json()["error_code"]) == (415, "95000003")
    assert members(shop.ask("", path=ACTIVATE_V1))["error_code"] == "APIGW.0101"


def usage(*of: tuple[str, Sequence[object]]) -> list[dict[str, object]]:
    return [{"license": text, "software_usage_Info": items} for text, items in of]


def test_clients_of_a_day_are_counted_once(held: Subscription, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """§C.10, joint.md §4: a, b, a and 5, 3 → 5. Refused licenses are named in check_fail_list; the rest is kept."""
    text = code_of(taken(held, now=clock.now())).code
    waiting = usage((text, [{"id": "a"}]), ("PLNOBODYS", [{"id": "a"}]))
    assert ask(shop, USAGE, usage_info=waiting)["data"] == {"check_fail_list": [text, "PLNOBODYS"]}
    assert not SoftwareUsage.objects.exists()
    ask(shop, ACTIVATE_V1, license=text)
    for items in ([{"id": "a"}, {"id": "b"}], [{"id": "a"}]):
        assert "data" not in ask(shop, USAGE, usage_info=usage((text, items)))
    assert software_usage.by_day(code_of(held), days=5)[0][1] == 2
    for number in (5, 3):
        ask(shop, USAGE, usage_info=usage((text, [{"active_num": number}])))
    [(_day, clients)] = software_usage.by_day(code_of(held), days=5)
    assert clients == 5
    assert SoftwareUsage.objects.count() == 3, "a, b, and the greatest number"

    monkeypatch.setattr(software_usage, "MOST_CLIENTS", 3)
    two, one = usage((text, [{"id": "c"}, {"id": "d"}])), usage((text, [{"id": "c"}]))
    assert ask(shop, USAGE, usage_info=two)["data"] == {"check_fail_list": [text]}
    assert "data" not in ask(shop, USAGE, usage_info=one)
    both = [{"id": "a"}, {"active_num": 1}]
    assert code(shop, USAGE, usage_info=usage((text, both))) == "92020002"
    Subscription.objects.filter(pk=held.pk).update(status="frozen")
    assert ask(shop, USAGE, usage_info=one)["data"] == {"check_fail_list": [text]}
