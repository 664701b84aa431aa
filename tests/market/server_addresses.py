"""Addresses of servers and period images: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import BUYER, OPERATOR, PERSONS, TRADE, Address, pages

OF_SERVERS = {
    "servers/": pages(PERSONS),
    "servers/new/<str:product_id>/": Address(
        {"product_id": "{hourly}"}, get=PERSONS, post=PERSONS,
        data={"where": "new", "name": "web-9", "size": "s1", "agreed": "on"},
    ),
    "servers/images/new/<str:product_id>/": Address(
        {"product_id": "{monthly}"}, get=PERSONS, post=frozenset({BUYER}), data={"server": "{server}", "agreed": "on"}
    ),
    "servers/<int:pk>/": pages(frozenset({BUYER}), pk="{server}"),
    "servers/<int:pk>/start/": Address({"pk": "{server}"}, post=frozenset({BUYER})),  # it runs; the page says so
    "servers/<int:pk>/stop/": Address({"pk": "{server}"}, post=frozenset({BUYER})),
    "servers/<int:pk>/replace/": Address(
        {"pk": "{server}"}, get=frozenset({BUYER}), post=frozenset({BUYER}),
        data={"image": "ubuntu-24.04", "agreed": "on"},
    ),
    "servers/<int:pk>/release/": Address(
        {"pk": "{server}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data={"agreed": "on"}
    ),
    "servers/<int:pk>/password/": Address({"pk": "{server}"}),  # its service has the password
    "seller/servers/": pages(TRADE),
    "console/servers/": pages(frozenset({OPERATOR})),
    "console/servers/orphans/": pages(frozenset({OPERATOR})),
    "console/servers/orphans/look/": Address(post=frozenset({OPERATOR})),
    "console/servers/orphans/<int:pk>/keep/": Address({"pk": "{orphan_server}"}, post=frozenset({OPERATOR})),
    "console/servers/orphans/<int:pk>/delete/": Address({"pk": "{orphan_server}"}, post=frozenset({OPERATOR})),
    "console/servers/<int:pk>/": pages(frozenset({OPERATOR}), pk="{server}"),
    "console/servers/<int:pk>/fault/": Address(
        {"pk": "{server}"}, post=frozenset({OPERATOR}), data={"fault": "broken"}
    ),
    "console/servers/tasks/<int:pk>/restart/": Address({"pk": "{server_task}"}, post=frozenset({OPERATOR})),
    "console/images/": pages(frozenset({OPERATOR})),
    "console/images/<int:pk>/": pages(frozenset({OPERATOR}), pk="{period_image}"),
    "console/images/<int:pk>/bind/": Address(
        {"pk": "{period_image}"}, post=frozenset({OPERATOR}), data={"server": "{server}"}
    ),
}  # fmt: skip
