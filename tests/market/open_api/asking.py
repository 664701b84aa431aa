"""Requests of a seller's server to the market: the demo's seller, signed requests, and orders placed by the real functions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests.factories.demo import put_on_sale
from tradepost.market import seed
from tradepost.market.base import clock
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder, place_order
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.order_query import PATH
from tradepost.protocols.open_api.signing import sign

HOST = "market.example"
ADDRESS = "http://127.0.0.1:9/produce"


@dataclass(frozen=True, slots=True)
class Shop:
    """A seeded market and the access key of its demo seller."""

    seeded: seed.SeedResult

    def signed(
        self,
        query: str,
        *,
        path: str = PATH,
        method: str = "GET",
        secret: str | None = None,
        ak: str | None = None,
        at: datetime | None = None,
        body: bytes = b"",
        names: tuple[str, ...] | None = None,
    ) -> Request:
        request = Request(method, f"http://{HOST}{path}?{query}", (("Content-Type", "application/json"),), body)
        return sign(
            request,
            ak=ak or self.seeded.access_key,
            sk=secret or self.seeded.secret_key,
            now=at or clock.wall(),
            signed_headers=names,
        )

    def ask(self, query: str, *, headers: dict[str, str] | None = None, **signed: Any) -> HttpResponse:
        return send(self.signed(query, **signed), headers)

    def buy(self, slug: str, *, pay: bool = True, now: datetime | None = None, mode: str = "", **choice: Any) -> Order:
        now = now or clock.now()
        put_on_sale(slug, now)
        buyer = User.objects.get(email="buyer@lantian.example")
        offers = Offer.objects.filter(sku__spec__product__slug=slug).order_by("pk")
        offer = offers.filter(period_type=mode).first() if mode else offers.first()
        assert offer is not None
        command = PlaceOrder(product_id=offer.product_id, agreed=True, **choice)
        order = place_order(buyer, command, now=now, unpaid_timeout=timedelta(days=1))
        if pay:
            pay_order(order, now=now)
        return order


def send(request: Request, headers: dict[str, str] | None = None) -> HttpResponse:
    """Send the request through all middleware, with CSRF checks on, as a server would pass it on."""
    client = Client(enforce_csrf_checks=True)
    passed_headers = {name: value for name, value in request.headers if name not in {"Host", "Content-Type"}} | (
        headers or {}
    )
    target = request.url.removeprefix(f"http://{HOST}")
    path, _, query = target.partition("?")
    return client.generic(  # type: ignore[return-value]
        request.method,
        path,
        request.body,
        content_type="application/json",
        headers=passed_headers,
        HTTP_HOST=HOST,
        QUERY_STRING=query,
        CONTENT_TYPE="application/json",  # the client leaves it out when there is no body
    )


def members(response: HttpResponse) -> dict[str, Any]:
    assert response["Content-Type"] == "application/json"
    body_members: dict[str, Any] = json.loads(response.content)
    return body_members
