"""A buyer's program that calls the market: its access key, signed requests, services made with the real verbs."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from tests import factories
from tests.factories.products import MONTHLY, YEARLY
from tests.market.fulfilment.services import service
from tests.market.open_api.asking import HOST, members, send
from tradepost.market.base import clock
from tradepost.market.catalog.document import Price
from tradepost.market.catalog.models import Offer
from tradepost.market.identity import agreements, buyer_keys
from tradepost.market.identity.buyer_key_models import Right
from tradepost.market.identity.models import User
from tradepost.market.open_api.document import document
from tradepost.market.open_api.models import KeptAnswer
from tradepost.market.orders.models import Order
from tradepost.market.payments.models import Transfer
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import sign

V1 = "/api/mkp-openapi-public/global/v1/"
ALL = tuple(Right.values)


@cache
def _members_of(path: str) -> frozenset[str]:
    body = document()["paths"][V1 + path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return frozenset(body["properties"])


@dataclass(frozen=True, slots=True)
class Program:
    buyer: User
    ak: str
    sk: str

    def call(
        self, path: str, *, body: bytes | None = None, at: datetime | None = None, **given: Any
    ) -> tuple[int, dict[str, Any]]:
        """Status and members of the answer."""
        content = json.dumps(given).encode() if body is None else body
        request = Request("POST", f"http://{HOST}{V1}{path}", (("Content-Type", "application/json"),), content)
        answer = send(sign(request, ak=self.ak, sk=self.sk, now=at or clock.wall()))
        told = members(answer)
        assert told.get("field", "") in {"", *_members_of(path)}, "a refusal names a member of the body, or none"
        return answer.status_code, told

    def code(self, path: str, **given: Any) -> tuple[int, str, str]:
        """Status, code, and the market's reason of a refusal."""
        status, told = self.call(path, **given)
        return status, told["error_code"], told.get("reason", "")


def make_program(
    *, buyer: User | None = None, rights: Collection[str] = ALL, balance: str = "5300", email: str = "", name: str = "p"
) -> Program:
    more: dict[str, Any] = {"email": email} if email else {}
    buyer = buyer or factories.make_buyer(balance=balance, **more)
    made = buyer_keys.create_buyer_key(
        buyer, buyer_keys.CreateBuyerKey(name=name, rights=rights, days=30), now=clock.now()
    )
    return Program(buyer, made.key_id, made.secret)


def publish_agreement() -> str:
    """Put a purchase agreement in force; its version."""
    operator = User.objects.filter(is_operator=True).first() or factories.make_operator()
    text = f"## Terms\n\nBe fair. {User.objects.count()} " + "words " * 30
    before = agreements.in_force("buyer", now=clock.now())
    text += str(before.number if before else 0)
    made = agreements.publish("buyer", text=text, text_en=text, change="new", by=operator, now=clock.now())
    return str(made.number)


def offer_on_sale(*prices: Price, **product: Any) -> Offer:
    return factories.make_offer(factories.make_product(prices=prices or (MONTHLY, YEARLY), **product))


def service_of(buyer: User, *, age: timedelta = timedelta(days=1), **made: Any) -> Subscription:
    """Bought for a month, ``age`` ago, and in use."""
    then = clock.now() - age
    order = factories.make_order(buyer, offer=offer_on_sale(), paid=True, now=then)
    return factories.make_subscription(order, now=then, **made)


def young() -> tuple[Program, Subscription]:
    """A service that was delivered an hour ago, and a program of its buyer."""
    held, at = service(), clock.now() - timedelta(hours=1)
    Period.objects.filter(subscription=held).update(starts_at=at, ends_at=at + timedelta(days=31))
    Subscription.objects.filter(pk=held.pk).update(started_at=at, expires_at=at + timedelta(days=31))
    return make_program(buyer=held.buyer), held


def two_services() -> tuple[Program, Subscription]:
    """A service of one product, after an older one of another, and a program of their buyer."""
    program = make_program(email="two@buyer.example")
    service_of(program.buyer, age=timedelta(days=2))
    return program, service_of(program.buyer)


AGREED = [{"agreement_id": "buyer", "version": "1"}, {"agreement_id": "service", "version": "1"}]
"""The version that a new market has in force."""


def facts() -> tuple[Any, ...]:
    """What a refusal leaves as it is."""
    orders = list(Order.objects.order_by("pk").values_list("number", "status"))
    services = list(Subscription.objects.order_by("pk").values_list("pk", "status", "expires_at"))
    return orders, services, Transfer.objects.count(), KeptAnswer.objects.count()


def refused(program: Program, path: str, **given: Any) -> tuple[int, str, str]:
    before = facts()
    told = program.code(path, **given)
    assert facts() == before
    return told


def created(program: Program, key: str = "k1", **given: Any) -> dict[str, Any]:
    asked = {"idempotency_key": key, "accepted_agreements": AGREED, **given}
    if "product_id" not in asked:
        asked["product_id"] = offer_on_sale().product_id
    status, told = program.call("order/batch-order", **asked)
    assert (status, told["error_code"]) == (200, "CBC.0000"), told
    result: dict[str, Any] = told["result"]
    return result
