"""License codes as a seller's software queries them, in both versions (openapi-jointkit §C.8–§C.10, saas-v1-license §B2.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.market.licenses.coded import code_of, coded_product, issue_test_code, order_code, order_of, take
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
def subscription(settings: Any) -> Subscription:
    settings.ALLOWED_HOSTS = [HOST]
    return order_code(now=clock.now())


def shop_of(seller: Seller) -> Shop:
    new = keys.create_access_key(seller, by=None, now=clock.now())
    return Shop(SimpleNamespace(access_key=new.key_id, secret_key=new.secret))  # type: ignore[arg-type]


@pytest.fixture
def shop(subscription: Subscription) -> Shop:
    return shop_of(subscription.seller)


def call(shop: Shop, path: str, status: int = 200, **body: object) -> dict[str, Any]:
    answer = shop.ask("", path=path, method="POST", body=json.dumps(body).encode())
    assert answer.status_code == status, answer.content
    return members(answer)


def refusal_code(shop: Shop, path: str, **body: object) -> str:
    """Return the code of a refusal and check that nothing changed."""
    before = list(LicenseCode.objects.order_by("pk").values()), SoftwareUsage.objects.count()
    error_code: str = call(shop, path, 200, **body)["error_code"]
    assert (list(LicenseCode.objects.order_by("pk").values()), SoftwareUsage.objects.count()) == before
    return error_code


def test_version_1_from_refusals_to_heartbeat(subscription: Subscription, shop: Shop) -> None:
    """§C.8, §C.9: the rows 92020005, 04, 11, 02, 03, each with its case."""
    text = code_of(subscription).code
    assert refusal_code(shop, ACTIVATE_V1, license="PLNOBODYS") == "92020005"
    assert refusal_code(shop, ACTIVATE_V1, license=text) == "92020004"
    assert refusal_code(shop, QUERY_V1, license=text) == "92020011"
    take(subscription, now=clock.now())
    assert refusal_code(shop, QUERY_V1, license=text) == "92020011"
    assert refusal_code(shop, ACTIVATE_V1, license=text, real_effect_time="20000101000000") == "92020002", (
        "before its order"
    )
    assert refusal_code(shop, ACTIVATE_V1, license=text, real_effect_time="yesterday") == "92020002"

    activated = call(shop, ACTIVATE_V1, license=text)
    subscription.refresh_from_db()
    assert (activated["error_code"], activated["error_msg"], subscription.status) == ("92020000", "success", "active")
    assert subscription.expires_at is not None
    end = f"{subscription.expires_at:%Y%m%d%H%M%S}"
    assert json.loads(activated["data"]["license_code_info"]) == {
        "status": "ALIVE", "expire_time": end, "product_id": subscription.offer.product_id,
        "order_id": order_of(subscription).number, "amount": 1,
    }  # fmt: skip
    assert refusal_code(shop, ACTIVATE_V1, license=text) == "92020003"

    info = call(shop, QUERY_V1, license=text, heartbeatInfo={"thirdPartyAccount": "a", "ip": "10.0.0.1"})["data"]
    assert (info["license_code"], info["status"], info["expire_time"]) == (text, "ALIVE", end)
    assert info["activate_time"] == f"{code_of(subscription).effective_at:%Y%m%d%H%M%S}"
    assert code_of(subscription).queried_at is not None

    for status, reported in (("frozen", "EXPIRED"), ("releasing", "RELEASED"), ("released", "RELEASED")):
        Subscription.objects.filter(pk=subscription.pk).update(status=status)
        assert call(shop, QUERY_V1, license=text)["data"]["status"] == reported


def test_version_2_accepts_or_refuses_a_list_as_a_whole(subscription: Subscription, shop: Shop) -> None:
    """§C.8 v2: up to 100, no data; one invalid license refuses the list: 92020020."""
    other = issue_test_code(coded_product(subscription.seller)).code
    text = code_of(take(subscription, now=clock.now())).code
    assert refusal_code(shop, ACTIVATE_V2, license_list=[text, "PLNOBODYS"]) == "92020020"
    assert refusal_code(shop, QUERY_V2, license_list=[text]) == "92020020", "not activated"
    assert call(shop, ACTIVATE_V2, license_list=[text, other, text]) == {
        "error_code": "92020000",
        "error_msg": "success",
    }
    assert refusal_code(shop, ACTIVATE_V2, license_list=[text]) == "92020020"
    data = call(shop, QUERY_V2, license_list=[other, text])["data"]
    assert [info["license_code"] for info in data] == [other, text]
    assert "order_id" not in data[0], "a test code has no order"
    assert is_tested(LicenseCode.objects.get(code=other).product), "it was activated and queried"
    assert call(shop, QUERY_V2, 400, license_list=[])["error_code"] == "95000001"
    assert call(shop, ACTIVATE_V2, 400, license_list=[text] * 101)["error_code"] == "95000001"


def test_other_sellers_get_no_information(subscription: Subscription) -> None:
    text = code_of(take(subscription, now=clock.now())).code
    stranger = shop_of(order_code(now=clock.now()).seller)
    assert refusal_code(stranger, ACTIVATE_V1, license=text) == "92020005"
    assert refusal_code(stranger, QUERY_V1, license=text) == "92020005"
    assert refusal_code(stranger, QUERY_V2, license_list=[text]) == "92020020"
    unsigned = Shop(SimpleNamespace(access_key="TPNOBODY", secret_key="guessed"))  # type: ignore[arg-type]
    assert call(unsigned, ACTIVATE_V1, 401, license=text)["error_code"] == "APIGW.0301"
    assert code_of(subscription).status == "taken"


def test_unreadable_requests_get_their_documented_errors(subscription: Subscription, shop: Shop) -> None:
    """§B2.3: 415 95000003, 400 95000004 and 95000001; an unsupported method gets the gateway's error."""
    answer = shop.ask("", path=ACTIVATE_V1, method="POST", body=b"{")
    assert (answer.status_code, members(answer)["error_code"]) == (400, "95000004")
    assert call(shop, ACTIVATE_V1, 400)["error_code"] == "95000001"
    plain = Request("POST", f"http://{HOST}{ACTIVATE_V1}", (("Content-Type", "text/plain"),), b"{}")
    signed = sign(
        plain,
        ak=shop.seeded.access_key,
        sk=shop.seeded.secret_key,
        now=clock.wall(),
        signed_headers=("host", "x-sdk-date"),
    )
    from django.test import Client

    response = Client().generic(
        "POST", ACTIVATE_V1, b"{}", content_type="text/plain", HTTP_HOST=HOST,
        headers={name: value for name, value in signed.headers if name not in {"Host", "Content-Type"}},
    )  # fmt: skip
    assert (response.status_code, response.json()["error_code"]) == (415, "95000003")
    assert members(shop.ask("", path=ACTIVATE_V1))["error_code"] == "APIGW.0101"


def usage(*items_by_license: tuple[str, Sequence[object]]) -> list[dict[str, object]]:
    return [{"license": text, "software_usage_Info": items} for text, items in items_by_license]


def test_clients_of_a_day_are_counted_once(
    subscription: Subscription, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§C.10, joint.md §4: a, b, a and 5, 3 → 5. Refused licenses are named in check_fail_list; the others are stored."""
    text = code_of(take(subscription, now=clock.now())).code
    early_usage = usage((text, [{"id": "a"}]), ("PLNOBODYS", [{"id": "a"}]))
    assert call(shop, USAGE, usage_info=early_usage)["data"] == {"check_fail_list": [text, "PLNOBODYS"]}
    assert not SoftwareUsage.objects.exists()
    call(shop, ACTIVATE_V1, license=text)
    for items in ([{"id": "a"}, {"id": "b"}], [{"id": "a"}]):
        assert "data" not in call(shop, USAGE, usage_info=usage((text, items)))
    assert software_usage.by_day(code_of(subscription), days=5)[0][1] == 2
    for number in (5, 3):
        call(shop, USAGE, usage_info=usage((text, [{"active_num": number}])))
    [(_day, clients)] = software_usage.by_day(code_of(subscription), days=5)
    assert clients == 5
    assert SoftwareUsage.objects.count() == 3, "a, b, and the highest number"

    monkeypatch.setattr(software_usage, "MAX_CLIENTS", 3)
    two_clients, one_client = usage((text, [{"id": "c"}, {"id": "d"}])), usage((text, [{"id": "c"}]))
    assert call(shop, USAGE, usage_info=two_clients)["data"] == {"check_fail_list": [text]}
    assert "data" not in call(shop, USAGE, usage_info=one_client)
    both = [{"id": "a"}, {"active_num": 1}]
    assert refusal_code(shop, USAGE, usage_info=usage((text, both))) == "92020002"
    Subscription.objects.filter(pk=subscription.pk).update(status="frozen")
    assert call(shop, USAGE, usage_info=one_client)["data"] == {"check_fail_list": [text]}
