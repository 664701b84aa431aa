"""Further queries of lists: a part of ``everything``."""

from __future__ import annotations

from tests.market.auth_centre_addresses import MORE_AT_THE_AUTH_CENTRE
from tests.market.enterprise_addresses import MORE_OF_ENTERPRISES
from tests.market.joint_addresses import MORE_OF_JOINT
from tests.market.supervision_addresses import MORE_OF_SUPERVISION
from tests.market.transfer_addresses import MORE_OF_TRANSFERS

from .server_facts import MORE_SERVER_QUERIES
from .settled_facts import MORE_SETTLEMENT_QUERIES

MORE_QUERIES = {
    **MORE_AT_THE_AUTH_CENTRE,
    "": (
        "q=企业云笺", "q=企业", "q=leaf", "q=whetstne", "q=没有的", "q=财务&sort=price&category=many", "category=many&sort=sold", "way=month",
        "seller=seller-1", "sort=price&low=1&high=50", "after={product}",
    ),
    "suggest/": ("q=企业", "q=云", "q=leaf", "q=whetstne", "q=qiye", "q=没有的"),
    "compare/": ("p={slug}&p=product-2",),
    "orders/": ("q=CS26", "q={tail}", "q=云笺", "q=Leaf 1", "q=没有的", "status=completed", "status=unpaid", "after={order_key}"),
    "services/": ("q=云笺", "status=frozen", "q={instance}"),
    "services/batch/": ("service={subscription}", "service={subscription}&act=automatic", "service={subscription}&act=keep", "service={subscription}&act=unsubscribe"),
    "notices/": ("only=unread", "only=read"),
    "seller/orders/": (
        "q=CS26", "q={line}", "q={tail}", "q=云笺", "q=没有的", "q={instance}", "status=completed", "status=refunded",
        "status=unpaid", "status=processing",
    ),
    "seller/messages/": (
        "state=failing", "state=gave_up", "state=cancelled", "state=waiting", "state=in_flight", "state=held", "state=done",
        "order={order}", "order={line}", "order={instance}", "reason=timeout", "activity=newInstance", "activity=releaseInstance", "address={address}",
    ),
    "seller/attributes/": ("q=系统", "kind=number", "q=os&kind=enum"),
    "seller/assets/": ("q=Agent", "kind=package"),
    "console/assets/": ("status=review", "verdict=not_scanned", "seller={seller}"),
    "seller/cases/": ("address={address}", "activity=queryInstance", "standing=stale"),
    "console/find/": ("q={order}", "q={tail}", "q={email}", "q={instance}", "q=云笺", "q=invoices", "q=没有的"),
    "seller/find/": ("q={line}", "q={tail}", "q={instance}", "q=云笺", "q=没有的"),
    "console/orders/": ("q={order}", "q={line}", "q=CS26", "q={tail}", "q={email}", "status=processing", "status=stopped", "status=undelivered", "status=undelivered&last=30d"),
    "console/calls/": (
        "state=failing", "state=gave_up", "state=cancelled", "state=held", "state=done", "verdict=timeout", "q={order}",
        "q={instance}", "seller={seller}", "seller={seller}&state=gave_up",
    ),
    "console/operations/": ("show=open", "show=ended", "show=ended&seller={seller}", "show=ended&q={instance}", "show=ended&q={order}", "show=ended&last=7d"),
    "seller/operations/": ("show=stopped", "show=ended", "show=ended&q={instance}", "show=ended&q={line}"),
    "console/services/": (
        "q={order}", "q={tail}", "q={instance}", "q={email}", "q=没有的", "status=frozen", "status=failed", "status=by_hand",
        "seller={seller}", "seller={seller}&status=frozen",
    ),
    "console/queue/": (
        "show=mine", "show=nobody", "show=snoozed", "source=operations", "source=operations&show=nobody", "source=submissions",
        "at=operations:{operation}",
    ),
    "console/audit/": (
        "actor=op3@market.example", "act=act_7", "kind=product&id=7", "outcome=refused", "from=2025-01-01&to=2025-01-02",
        "after=1600000000000000.1",
    ),
    "console/reconcile/": ("show=settled", "what=gone", "seller={seller}"),
    "console/accounts/": ("q=buyer1", "q=王芳", "q=蓝天实业1", "q=buyer1&role=buyer", "role=operator", "role=seller", "role=buyer", "from=2025-01-01&to=2025-01-02"),
    "invoices/": ("status=done", "status=review", "after={invoice}"),
    "invoices/apply/": ("seller={seller}", "order={order}", "order={order}&type=general_digital", "seller={seller}&usage_after=1000000"),
    "seller/invoices/": ("status=done", "status=review"),
    "console/invoices/": ("status=", "status=done", "status=done&last=30d"),
    "refunds/": ("status=refunded", "after={refund}"),
    "seller/usage/": ("q={instance}", "push=7", "state=voided", "day=2026-03-01", "q={instance}&day=2026-03-01"),
    "seller/usage/refused/": ("code=009", "push=7", "q=i", "day=2026-03-01"),
    "seller/usage/chart/": ("product={usage_product}", "q={used_instance}", "q={used_instance}&day=2026-03-01", "day=2026-03-01"),
    "seller/usage/chart/usage.csv": ("q={used_instance}",),
    "seller/usage/charges/": ("service={metered}", "service={metered}&month=2026-03"),
    "services/<int:pk>/usage/": ("day=2026-03-01", "month=2026-02"),
    "console/usage/": ("cycle=hour", "cycle=hour&last=7d"),
    "console/usage/charges/": ("buyer=1", "service={metered}&month=2026-03"),
    "seller/usage/pushes/": ("state=refused",),
    "charges/": ("service={metered}", "state=open", "service={metered}&month=2026-03"),
    "seller/refunds/": ("status=seller_review", "status=refunded"),
    "complaints/new/": ("product={slug}", "order={order}", "service={subscription}"),
    "demands/new/": ("q=云笺",),
    "seller/complaints/": ("status=upheld",), "seller/demands/": ("status=waiting",), **MORE_SETTLEMENT_QUERIES,
    "console/complaints/": ("status=upheld",), "console/demands/": ("status=open",),
    "console/demands/products/": ("product_words=云笺", "product_words={product}"),
    "console/demands/sellers/": ("seller_words=many",),
    "console/refunds/": ("status=", "status=refunded"),
    **MORE_OF_TRANSFERS, **MORE_SERVER_QUERIES, **MORE_OF_SUPERVISION, **MORE_OF_ENTERPRISES, **MORE_OF_JOINT,
    "console/web-checks/": ("status=done", "status=unreached", "seller={seller}", "seller={seller}&status=done"),
    "console/deliveries/": (
        "status=failed", "status=waiting", "status=sent", "status=withheld", "channel=sms", "channel=mail", "reason=switched_off",
        "q={email}", "q=13800138000",
    ),
    "seller/licenses/": ("status=active", "q=PL1", "status=issued"),
    "seller/licenses/requests/": ("status=promised", "q=event-1"),
    "console/licenses/": ("status=active", "seller={seller}", "seller={seller}&status=taken", "q=PL1"),
    "console/licenses/requests/": ("status=promised", "seller={seller}", "seller={seller}&status=promised"),
    "seller/deliveries/": ("status=withheld", "channel=webhook", "reason=disabled", "q={email}"),
}  # fmt: skip
"""Further queries of lists, by URL pattern."""
