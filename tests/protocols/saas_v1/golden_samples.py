"""Contents of SaaS 1.0's golden exchanges, also used by other tests."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.protocols.saas_v1.wire import (
    BUSINESS,
    ORDER,
    PRODUCT,
    SKU,
)
from tradepost.protocols.commands import (
    AppInfo,
    Buyer,
    Create,
    Purchase,
)

APP = AppInfo(
    front_end_url="https://app.isv.example.com/login",
    admin_url="https://app.isv.example.com/admin",
    user_name="admin",
    password="first-password",
    memo="首次登录请修改密码",
)

CREATE = Create(
    order_id=ORDER,
    order_line_id="",
    business_id=BUSINESS,
    buyer=Buyer(
        customer_id="68cbc86abc2018ab880d92f36422fa0e",
        customer_name="测试 公司",
        mobile_phone="15905222222",
        email="user@example.com",
    ),
    purchase=Purchase(
        product_id=PRODUCT,
        sku_code=SKU,
        period_type="month",
        period_number=1,
        quantity=5,
        expires_at=datetime(2026, 8, 1, 15, 59, 59, tzinfo=UTC),
        amount=Decimal("120.5"),
        extend_params=(("emailDomainName", "test.example.com"),),
    ),
)
