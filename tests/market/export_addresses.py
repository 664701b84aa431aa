"""Addresses of exported lists: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import BUYER, OPERATOR, OWNER, PERSONS, TRADE, Address, pages

ONLY_OPERATORS = frozenset({OPERATOR})
OF_EXPORTS = {
    "exports/": pages(PERSONS),
    "exports/new/": Address(post=PERSONS, data={"path": "/orders/", "query": "", "format": "csv"}),
    "exports/<int:pk>/file/": pages(frozenset({BUYER}), pk="{export}"),
    "exports/<int:pk>/delete/": Address({"pk": "{export}"}, post=frozenset({BUYER})),
    "seller/exports/": pages(TRADE),
    "seller/exports/new/": Address(post=TRADE, data={"path": "/seller/orders/", "query": "", "format": "csv"}),
    "seller/exports/<int:pk>/file/": pages(frozenset({OWNER}), pk="{sellers_export}"),
    "seller/exports/<int:pk>/delete/": Address({"pk": "{sellers_export}"}, post=frozenset({OWNER})),
    "console/exports/": pages(ONLY_OPERATORS),
    "console/exports/new/": Address(
        post=ONLY_OPERATORS, data={"path": "/console/refunds/", "query": "", "format": "csv"}
    ),
    "console/exports/<int:pk>/file/": pages(ONLY_OPERATORS, pk="{operators_export}"),
    "console/exports/<int:pk>/delete/": Address({"pk": "{operators_export}"}, post=ONLY_OPERATORS),
}
