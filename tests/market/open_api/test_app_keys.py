"""Verification of app keys by a seller's gateway: signed with AK/SK, for its own services only (business-rules §2.5)."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.factories import NOW, make_seller
from tests.factories.delivered import delivered_product, service_of
from tests.market.open_api.asking import HOST, Shop, members
from tradepost.market.app_keys import keys as app_keys
from tradepost.market.app_keys.keys import NewAppKey
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.app_keys import CACHE_SECONDS, VERIFY, load_verified

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscription(settings: Any) -> Subscription:
    settings.ALLOWED_HOSTS = [HOST]
    return service_of(delivered_product("API_GATEWAY"))


@pytest.fixture
def key(subscription: Subscription) -> NewAppKey:
    return app_keys.create_key(subscription, "ci", by="buyer", now=NOW)


def shop_of(seller: Seller) -> Shop:
    new = keys.create_access_key(seller, by=None, now=clock.now())
    return Shop(SimpleNamespace(access_key=new.key_id, secret_key=new.secret))  # type: ignore[arg-type]


def verify(shop: Shop, body: object, status: int = 200, **options: Any) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = shop.ask("", path=VERIFY, method="POST", body=content, **options)
    assert answer.status_code == status, answer.content
    return members(answer)


def test_valid_key_names_its_instance_until_it_is_frozen_or_ended(subscription: Subscription, key: NewAppKey) -> None:
    shop, body = shop_of(subscription.seller), {"app_key": key.app_key, "app_secret": key.secret}
    answer = verify(shop, body)
    assert answer["data"] == {
        "verdict": "VALID", "instance_id": subscription.instance_id, "product_id": subscription.offer.product_id,
        "sku_code": subscription.offer.sku.code, "order_id": subscription.order_line_number.rpartition("-")[0], "api_group": "group-7",
        "cache_seconds": CACHE_SECONDS,
    }  # fmt: skip
    assert load_verified(answer).valid
    for status, verdict in (("frozen", "FROZEN"), ("released", "ENDED")):
        Subscription.objects.filter(pk=subscription.pk).update(status=status)
        verified = load_verified(verify(shop, body))
        assert (verified.verdict, verified.valid, verified.instance_id) == (verdict, False, subscription.instance_id)


def test_wrong_unknown_and_foreign_keys_get_the_same_response(subscription: Subscription, key: NewAppKey) -> None:
    shop, foreign = shop_of(subscription.seller), shop_of(make_seller())
    answers = [
        verify(shop, {"app_key": key.app_key, "app_secret": "wrong"}),
        verify(shop, {"app_key": "TP1", "app_secret": key.secret}),
        verify(foreign, {"app_key": key.app_key, "app_secret": key.secret}),
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["data"] == {"verdict": "UNKNOWN", "cache_seconds": CACHE_SECONDS}


@pytest.mark.parametrize(
    "body", [{"app_key": "TP\0", "app_secret": "x"}, {"app_key": "TP1", "app_secret": "\ud800"}, {"app_key": "钥匙", "app_secret": "x"}, b"", b"[]", b"{", {}, {"app_key": 1, "app_secret": "x"}, {"app_key": "x"}, {"app_key": "x" * 65, "app_secret": "y"}, {"app_key": "x", "app_secret": "y" * 129}]
)  # fmt: skip
def test_invalid_body_is_refused(subscription: Subscription, body: object) -> None:
    assert verify(shop_of(subscription.seller), body, 400)["error_code"] == "MKT.0101"


def test_wrong_signature_is_refused(subscription: Subscription, key: NewAppKey) -> None:
    body = {"app_key": key.app_key, "app_secret": key.secret}
    assert "VALID" not in str(verify(shop_of(subscription.seller), body, 401, secret="another"))
