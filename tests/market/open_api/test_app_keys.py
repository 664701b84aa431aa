"""A seller's gateway checks app keys: signed with AK/SK, its own services only (business-rules §2.5)."""

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
def held(settings: Any) -> Subscription:
    settings.ALLOWED_HOSTS = [HOST]
    return service_of(delivered_product("API_GATEWAY"))


@pytest.fixture
def key(held: Subscription) -> NewAppKey:
    return app_keys.create_key(held, "ci", by="buyer", now=NOW)


def shop_of(seller: Seller) -> Shop:
    new = keys.create_access_key(seller, by=None, now=clock.now())
    return Shop(SimpleNamespace(access_key=new.key_id, secret_key=new.secret))  # type: ignore[arg-type]


def ask(shop: Shop, body: object, status: int = 200, **more: Any) -> dict[str, Any]:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = shop.ask("", path=VERIFY, method="POST", body=sent, **more)
    assert answer.status_code == status, answer.content
    return members(answer)


def test_a_valid_key_names_its_instance_and_stops_with_it(held: Subscription, key: NewAppKey) -> None:
    shop, body = shop_of(held.seller), {"app_key": key.app_key, "app_secret": key.secret}
    answer = ask(shop, body)
    assert answer["data"] == {
        "verdict": "VALID", "instance_id": held.instance_id, "product_id": held.offer.product_id,
        "sku_code": held.offer.sku.code, "order_id": held.order_line_number.rpartition("-")[0], "api_group": "group-7",
        "cache_seconds": CACHE_SECONDS,
    }  # fmt: skip
    assert load_verified(answer).valid
    for status, verdict in (("frozen", "FROZEN"), ("released", "ENDED")):
        Subscription.objects.filter(pk=held.pk).update(status=status)
        told = load_verified(ask(shop, body))
        assert (told.verdict, told.valid, told.instance_id) == (verdict, False, held.instance_id)


def test_a_wrong_secret_an_unknown_key_and_a_foreign_one_look_alike(held: Subscription, key: NewAppKey) -> None:
    shop, foreign = shop_of(held.seller), shop_of(make_seller())
    answers = [
        ask(shop, {"app_key": key.app_key, "app_secret": "wrong"}),
        ask(shop, {"app_key": "TP1", "app_secret": key.secret}),
        ask(foreign, {"app_key": key.app_key, "app_secret": key.secret}),
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["data"] == {"verdict": "UNKNOWN", "cache_seconds": CACHE_SECONDS}


@pytest.mark.parametrize(
    "body", [{"app_key": "TP\0", "app_secret": "x"}, {"app_key": "TP1", "app_secret": "\ud800"}, {"app_key": "钥匙", "app_secret": "x"}, b"", b"[]", b"{", {}, {"app_key": 1, "app_secret": "x"}, {"app_key": "x"}, {"app_key": "x" * 65, "app_secret": "y"}, {"app_key": "x", "app_secret": "y" * 129}]
)  # fmt: skip
def test_a_body_that_is_no_question_is_refused(held: Subscription, body: object) -> None:
    assert ask(shop_of(held.seller), body, 400)["error_code"] == "MKT.0101"


def test_an_unsigned_or_wrongly_signed_question_is_refused(held: Subscription, key: NewAppKey) -> None:
    body = {"app_key": key.app_key, "app_secret": key.secret}
    assert "VALID" not in str(ask(shop_of(held.seller), body, 401, secret="another"))
