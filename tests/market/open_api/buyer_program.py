"""A buyer's program that calls the market: its access key, signed requests, and services created by the real functions."""

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
ALL_RIGHTS = tuple(Right.values)


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
        self, path: str, *, body: bytes | None = None, at: datetime | None = None, **arguments: Any
    ) -> tuple[int, dict[str, Any]]:
        """Return status and members of the response."""
        content = json.dumps(arguments).encode() if body is None else body
        request = Request("POST", f"http://{HOST}{V1}{path}", (("Content-Type", "application/json"),), content)
        answer = send(sign(request, ak=self.ak, sk=self.sk, now=at or clock.wall()))
        response_members = members(answer)
        assert response_members.get("field", "") in {"", *_members_of(path)}, (
            "a refusal names a member of the body, or none"
        )
        return answer.status_code, response_members

    def code(self, path: str, **arguments: Any) -> tuple[int, str, str]:
        """Return status, error code and the market's reason for the refusal."""
        status, response_members = self.call(path, **arguments)
        return status, response_members["error_code"], response_members.get("reason", "")


def make_program(
    *,
    buyer: User | None = None,
    rights: Collection[str] = ALL_RIGHTS,
    balance: str = "5300",
    email: str = "",
    name: str = "p",
) -> Program:
    more: dict[str, Any] = {"email": email} if email else {}
    buyer = buyer or factories.make_buyer(balance=balance, **more)
    new_key = buyer_keys.create_buyer_key(
        buyer, buyer_keys.CreateBuyerKey(name=name, rights=rights, days=30), now=clock.now()
    )
    return Program(buyer, new_key.key_id, new_key.secret)


def publish_agreement() -> str:
    """Put a new purchase agreement in force. Return its version."""
    operator = User.objects.filter(operator_role="owner").first() or factories.make_operator()
    text = f"## Terms\n\nBe fair. {User.objects.count()} " + "words " * 30
    before = agreements.in_force("buyer", now=clock.now())
    text += str(before.number if before else 0)
    published = agreements.publish("buyer", text=text, text_en=text, change="new", by=operator, now=clock.now())
    return str(published.number)


def offer_on_sale(*prices: Price, **product: Any) -> Offer:
    return factories.make_offer(factories.make_product(prices=prices or (MONTHLY, YEARLY), **product))


def service_of(buyer: User, *, age: timedelta = timedelta(days=1), **fields: Any) -> Subscription:
    """Create a service that was bought for a month, ``age`` ago, and is active."""
    then = clock.now() - age
    order = factories.make_order(buyer, offer=offer_on_sale(), paid=True, now=then)
    return factories.make_subscription(order, now=then, **fields)


def young_service() -> tuple[Program, Subscription]:
    """Return a service that was delivered an hour ago, and a program of its buyer."""
    subscription, delivered_at = service(), clock.now() - timedelta(hours=1)
    Period.objects.filter(subscription=subscription).update(
        starts_at=delivered_at, ends_at=delivered_at + timedelta(days=31)
    )
    Subscription.objects.filter(pk=subscription.pk).update(
        started_at=delivered_at, expires_at=delivered_at + timedelta(days=31)
    )
    return make_program(buyer=subscription.buyer), subscription


def two_services() -> tuple[Program, Subscription]:
    """Return a program and the newer of its buyer's two services, which are of different products."""
    program = make_program(email="two@buyer.example")
    service_of(program.buyer, age=timedelta(days=2))
    return program, service_of(program.buyer)


ACCEPTED = [{"agreement_id": "buyer", "version": "1"}, {"agreement_id": "service", "version": "1"}]
"""The versions in force in a new market."""


def stored_state() -> tuple[Any, ...]:
    """Return what a refusal must not change."""
    orders = list(Order.objects.order_by("pk").values_list("number", "status"))
    services = list(Subscription.objects.order_by("pk").values_list("pk", "status", "expires_at"))
    return orders, services, Transfer.objects.count(), KeptAnswer.objects.count()


def refusal(program: Program, path: str, **arguments: Any) -> tuple[int, str, str]:
    """Return the refusal of a call and check that nothing changed."""
    before = stored_state()
    result = program.code(path, **arguments)
    assert stored_state() == before
    return result


def create_order(program: Program, key: str = "k1", **changes: Any) -> dict[str, Any]:
    arguments = {"idempotency_key": key, "accepted_agreements": ACCEPTED, **changes}
    if "product_id" not in arguments:
        arguments["product_id"] = offer_on_sale().product_id
    status, response_members = program.call("order/batch-order", **arguments)
    assert (status, response_members["error_code"]) == (200, "CBC.0000"), response_members
    result: dict[str, Any] = response_members["result"]
    return result
