"""Addresses that programs of sellers and buyers call: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import ANYBODY, Address, pages

V1 = "api/mkp-openapi-public/global/v1/"
OF_BUYERS = (
    "query-orders", "order-detail/query", "order/batch-order", "order/batch-cancel", "order/pay", "saas-instance/query",
    "subscription-agreements-query", "service/query", "service-detail/query", "service/renew", "service/unsubscribe",
)  # fmt: skip
OPEN_API = {
    **{f"{V1}{path}": Address(gateway=True) for path in OF_BUYERS},
    "api/openapi.json": pages(ANYBODY),
    "api/mkp-openapi-public/global/v1/order/query": Address(gateway=True),
    "api/mkp-openapi-public/global/v1/market-event/<str:event_id>/file": Address(
        {"event_id": "event-of-x"}, gateway=True
    ),
    "api/mkp-openapi-public/global/v1/market-event/<str:event_id>/file/resumable": Address(
        {"event_id": "event-of-x"}, gateway=True
    ),
    "api/mkp-openapi-public/global/v1/market-event/resumable/<str:token>": Address({"token": "t" * 43}, gateway=True),
    "api/mkp-openapi-public/global/v1/app-key/verify": Address(gateway=True),
    "api/mkp-openapi-public/global/v1/isv/usage-data": Address(gateway=True),
    "api/mkp-openapi-public/global/v1/": Address(gateway=True),
    "api/mkp-openapi-public/global/v1/<path:rest>": Address({"rest": "orders/{order}"}, gateway=True),
    "api/<path:rest>": Address({"rest": "orders/{order}"}, gateway=True),
    "rest/marketplace/v1/isv/usage-data": Address(gateway=True),
    "v1.0/<str:partner_id>/billing/bill-mgr/push-usage-data": Address({"partner_id": "p-1"}, gateway=True),
    "rest/<path:rest>": Address({"rest": "orders/{order}"}, gateway=True),
    "v1.0/<path:rest>": Address({"rest": "orders/{order}"}, gateway=True),
}
