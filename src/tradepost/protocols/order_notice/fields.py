"""The field table of the order notification, as data (saas-v1-license §D1)."""

from __future__ import annotations

from tradepost.protocols.activity_body import Activities, Tables
from tradepost.protocols.commands import NotifyOrder
from tradepost.protocols.wire_fields import Field

ACTIVITIES: Activities = {NotifyOrder: "orderNotify"}

REQUESTS: Tables = {
    NotifyOrder: (
        Field("activity", 20),
        Field("orderId", 64),
        Field("orderLineId", 64),
        # Documented as mandatory, unlike in other versions. It is always sent, but the reader treats an absent flag as
        # 0.
        Field("testFlag", 2, mandatory=False, values=("0", "1")),
    )
}
