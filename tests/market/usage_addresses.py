"""Addresses of usage and its charges: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import A_TRADE, BUYER, OPERATOR, OWNER, PERSONS, TRADE, TRADER, Address, pages

OF_USAGE = {
    "console/usage/": pages(frozenset({OPERATOR})),
    "console/usage/arrears/": pages(frozenset({OPERATOR})),
    "console/usage/charges/": pages(frozenset({OPERATOR})),
    "console/usage/charges/<int:pk>/": pages(frozenset({OPERATOR}), pk="{charge}"),
    "charges/": pages(PERSONS),
    "charges/<int:pk>/": pages(frozenset({BUYER}), pk="{charge}"),
    "services/<int:pk>/usage/": pages(frozenset({BUYER}), pk="{metered}"),
    "services/<int:pk>/package/": Address(
        {"pk": "{package}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data={"by": "percent", "threshold": "30"}
    ),
    "packages/alert/": Address(get=PERSONS, post=PERSONS, data={"threshold": "30"}),
    "seller/usage/packages/": pages(TRADE),
    "services/<int:pk>/usage/usage.csv": pages(frozenset({BUYER}), pk="{metered}"),
    "seller/usage/": pages(TRADE),
    "seller/usage/chart/": pages(TRADE),
    "seller/usage/chart/usage.csv": pages(TRADE),
    "seller/usage/charges/": pages(TRADE),
    "seller/usage/charges/<int:pk>/": pages(A_TRADE, pk="{charge}"),
    "seller/usage/refused/": pages(TRADE),
    "seller/usage/pushes/": pages(TRADE),
    "seller/usage/export/<str:what>.csv": pages(TRADE, what="records"),
    "seller/usage/records/<int:pk>/": pages(A_TRADE, pk="{usage_record}"),
    "seller/usage/records/<int:pk>/void/": Address(
        {"pk": "{usage_record}"}, post=frozenset({OWNER, TRADER}), data={"reason": "counted twice"}
    ),
}
