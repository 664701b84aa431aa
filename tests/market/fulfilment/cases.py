"""Cases of operations as values, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.factories import NOW
from tradepost.market.fulfilment.contract import Case, LastExchange, Line, SubscriptionView
from tradepost.market.product_types.charging import charging_of
from tradepost.protocols.commands import Command, Done, Purchase
from tradepost.protocols.registry import protocol

END = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
RELEASE = datetime(2026, 4, 9, 8, 0, tzinfo=UTC)
"""A day of grace and a week of retention after ``END``."""
UNTIL = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
BOUGHT = "CS2603010800AAAAAA"
ORDER = "CS2603010900BBBBBB"
LINE = f"{ORDER}-000001"


def subscription_view(spoken: str = "saas_v2", mode: str = "PERIOD", **fields: Any) -> SubscriptionView:
    """A monthly subscription over this protocol, with the instance ``i-1``."""
    charged = charging_of(mode)
    values: dict[str, Any] = {
        "subscription": 1, "instance_id": "i-1", "protocol": protocol(spoken),
        "product_type": "LICENSE" if spoken.startswith("license") else "SAAS", "product_id": "OFFI1",
        "charging": charged, "purchase_order": BOUGHT, "access_by_message": False, "started_at": NOW,
        "expires_at": END if charged.ends else None, "renewable_until": RELEASE if charged.renewable else None,
    }  # fmt: skip
    return SubscriptionView(**(values | fields))


def line(order_type: str = "RENEW", *, product_id: str = "OFFI1", **fields: Any) -> Line:
    """A line of two units by the month."""
    values: dict[str, Any] = {
        "number": LINE, "order_number": ORDER, "order_type": order_type, "period_type": "month", "period_number": 1,
        "quantity": 2, "linear": True, "sku_code": "SKU1", "product_name": "Docs",
        "purchase": Purchase(product_id=product_id, sku_code="SKU1", amount=Decimal(100), quantity=2),
    }  # fmt: skip
    return Line(**(values | fields))


def case[W](
    wanted: W,
    *,
    held: SubscriptionView,
    line: Line | None = None,
    step: int = 0,
    said: LastExchange | None = None,
    now: datetime = NOW,
) -> Case[W]:
    return Case(held=held, wanted=wanted, line=line, step=step, said=said, now=now)


def last_exchange(command: Command, answer: Done | None = None, *, until_access: bool = False) -> LastExchange:
    return LastExchange(command=command, answer=answer or Done(), until_access=until_access)
