"""Addresses of supervised deliveries: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import A_TRADE, BUYER, OPERATOR, OWNER, PERSONS, TRADE, TRADER, Address, pages

ONLY_OPERATORS, ONLY_BUYER, WRITERS = frozenset({OPERATOR}), frozenset({BUYER}), frozenset({OWNER, TRADER})
ONE = {"pk": "{supervision}"}
FILE = {"pk": "{supervision}", "sha256": "{supervision_file}"}

OF_SUPERVISION = {
    "supervision/": pages(PERSONS),
    "supervision/<int:pk>/": pages(ONLY_BUYER, **ONE),
    "supervision/<int:pk>/act/": Address(
        ONE, post=ONLY_BUYER, data={"act": "reject", "visit": "4", "words": "not yet"}
    ),
    "supervision/<int:pk>/cancel/": Address(ONE, post=ONLY_BUYER, data={"reason": "why X cancels"}),
    "supervision/<int:pk>/withdraw/": Address(ONE, post=ONLY_BUYER),
    "supervision/<int:pk>/appeal/": Address(ONE, post=ONLY_BUYER, data={"appeal": "it does not run"}),
    "supervision/<int:pk>/fetch/": Address({"pk": "{handed}"}, post=ONLY_BUYER),
    "supervision/<int:pk>/files/<str:sha256>/": pages(ONLY_BUYER, **FILE),
    "seller/supervision/": pages(TRADE),
    "seller/supervision/<int:pk>/": pages(A_TRADE, **ONE),
    "seller/supervision/<int:pk>/act/": Address(ONE, post=WRITERS, data={"act": "deliver", "visit": "4"}),
    "seller/supervision/<int:pk>/answer/": Address(
        ONE, post=WRITERS, data={"decision": "decline", "answer": "nearly done"}
    ),
    "seller/supervision/<int:pk>/appeal/": Address(ONE, post=WRITERS, data={"appeal": "it runs"}),
    "seller/supervision/<int:pk>/files/<str:sha256>/": pages(A_TRADE, **FILE),
    "console/supervision/": pages(ONLY_OPERATORS),
    "console/supervision/<int:pk>/": pages(ONLY_OPERATORS, **ONE),
    "console/supervision/<int:pk>/act/": Address(ONE, post=ONLY_OPERATORS, data={"act": "pass", "visit": "4"}),
    "console/supervision/<int:pk>/decide/": Address(
        {"pk": "{disputed}"}, post=ONLY_OPERATORS, data={"decision": "continue", "opinion": "look again"}
    ),
    "console/supervision/<int:pk>/files/<str:sha256>/": pages(ONLY_OPERATORS, **FILE),
}
MORE_OF_SUPERVISION = {
    "supervision/": ("after={supervision}",),
    "seller/supervision/": ("status=mine", "status=completed", "after={supervision}"),
    "console/supervision/": ("status=", "status=completed"),
}
"""Other queries of these lists."""
