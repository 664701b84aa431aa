"""Requests of SaaS 1.0 as tests write and read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.protocols.saas_v1.wire import (
    BUSINESS,
    INSTANCE,
    ORDER,
    PRODUCT,
    SKU,
    asked,
    encode,
    open_,
)
from tradepost.protocols.commands import (
    Buyer,
    Create,
    Purchase,
    Refresh,
    Scene,
)
from tradepost.protocols.contract import Denied

EXPIRES = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)

BUYER = Buyer(customer_id="c-1", customer_name="Example")

CREATE = Create(
    order_id=ORDER,
    order_line_id="",
    business_id=BUSINESS,
    buyer=BUYER,
    purchase=Purchase(product_id=PRODUCT, sku_code=SKU, period_type="month", period_number=1, expires_at=EXPIRES),
)

NEW_INSTANCE = {
    "activity": "newInstance",
    "customerId": "c-1",
    "customerName": "Example",
    "businessId": BUSINESS,
    "orderId": ORDER,
    "skuCode": SKU,
    "productId": PRODUCT,
    "expireTime": "20270102030405",
    "chargingMode": "1",
    "periodType": "month",
    "periodNumber": "1",
}

REFRESH = Refresh(
    instance_id=INSTANCE,
    scene=Scene.RENEWAL,
    order_id=ORDER,
    order_line_id="",
    expires_at=EXPIRES,
    purchase=Purchase(product_id="", expires_at=EXPIRES),
)

REFRESH_INSTANCE = {
    "activity": "refreshInstance",
    "orderId": ORDER,
    "instanceId": INSTANCE,
    "expireTime": "20270102030405",
}


def parameters(command) -> dict[str, str]:
    query = encode(command).query
    return {name: value for name, value in query.items() if name not in {"timeStamp", "authToken"}}


def opened(members) -> Any:
    return open_(asked(members))


def denied(members) -> tuple[str, str]:
    with pytest.raises(Denied) as refusal:
        opened(members)
    return refusal.value.code, refusal.value.message
