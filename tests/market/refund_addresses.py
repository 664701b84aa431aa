"""Addresses of supervised deliveries, unsubscriptions and refunds: a part of ``every_address``."""

from __future__ import annotations

from tests.market.supervision_addresses import OF_SUPERVISION
from tests.market.who_may import A_TRADE, BUYER, OPERATOR, OWNER, PERSONS, TRADE, TRADER, Address, pages

ONLY_OPERATORS = frozenset({OPERATOR})

OF_REFUNDS = {
    "services/<int:pk>/unsubscribe/": Address(
        {"pk": "{subscription}"},
        get=frozenset({BUYER}),
        post=frozenset({BUYER}),
        data={"way": "no_reason", "agreed": "on"},
    ),
    "services/<int:pk>/refund/": Address(
        {"pk": "{subscription}"}, post=frozenset({BUYER}), data={"amount": "1.00", "reason": "broken"}
    ),
    **OF_SUPERVISION,
    "refunds/": pages(PERSONS),
    "refunds/<int:pk>/": pages(frozenset({BUYER}), pk="{refund}"),
    "refunds/<int:pk>/withdraw/": Address({"pk": "{refund}"}, post=frozenset({BUYER})),
    "refunds/<int:pk>/appeal/": Address({"pk": "{refund}"}, post=frozenset({BUYER}), data={"appeal": "no answer"}),
    "refunds/<int:pk>/files/<str:sha256>/": pages(frozenset({BUYER}), pk="{refund}", sha256="{refund_file}"),
    "seller/refunds/": pages(TRADE),
    "seller/refunds/<int:pk>/": pages(A_TRADE, pk="{refund}"),
    "seller/refunds/<int:pk>/decide/": Address(
        {"pk": "{refund}"}, post=frozenset({OWNER, TRADER}), data={"answer": "refuse", "opinion": "no"}
    ),
    "console/refunds/": pages(ONLY_OPERATORS),
    "console/refunds/<int:pk>/": pages(ONLY_OPERATORS, pk="{refund}"),
    "console/refunds/<int:pk>/decide/": Address(
        {"pk": "{appealed_refund}"}, post=ONLY_OPERATORS, data={"answer": "refuse", "opinion": "no"}
    ),
}
