"""Commands of License 1.0 that several tests send."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.protocols.license_v1.wire import (
    BUSINESS,
    INSTANCE,
    ORDER,
    PRODUCT,
)
from tradepost.protocols.commands import Buyer, Create, Purchase, Refresh, Scene

EXPIRES = datetime(2027, 7, 1, 15, 59, 59, tzinfo=UTC)
CREATE = Create(
    order_id=ORDER,
    order_line_id="",
    business_id=BUSINESS,
    buyer=Buyer(customer_id="68cbc86abc2018ab880d92f36422fa0e", customer_name="测试 公司"),
    purchase=Purchase(
        product_id=PRODUCT,
        sku_code="sku-1",
        period_type="year",
        period_number=1,
        quantity=10,
        expires_at=EXPIRES,
        extend_params=(("machineCode", "8C-16-45-A1-22-FF"),),
    ),
)

REFRESH = Refresh(
    instance_id=INSTANCE,
    scene=Scene.RENEWAL,
    order_id=ORDER,
    order_line_id="",
    product_id=PRODUCT,
    expires_at=EXPIRES,
    purchase=Purchase(product_id=PRODUCT, period_type="year", period_number=1, expires_at=EXPIRES),
)
