"""Addresses of demands and complaints: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import A_TRADE, ANYBODY, BUYER, OPERATOR, OWNER, PERSONS, TRADE, TRADER, Address, pages

ONLY_OPERATORS = frozenset({OPERATOR})
WRITERS = frozenset({OWNER, TRADER})

OF_THE_DESK = {
    "complaints/": pages(PERSONS),
    "complaints/new/": Address(
        get=PERSONS, post=PERSONS
    ),  # redirects to the list if the address names nothing to complain about
    "complaints/<int:pk>/": pages(frozenset({BUYER}), pk="{complaint}"),
    "complaints/<int:pk>/withdraw/": Address({"pk": "{complaint}"}, post=frozenset({BUYER})),
    "complaints/<int:pk>/files/<str:sha256>/": pages(frozenset({BUYER}), pk="{complaint}", sha256="{complaint_file}"),
    "demands/": pages(PERSONS),
    "demands/new/": Address(
        get=ANYBODY,
        post=ANYBODY,
        data={"contact": "Z", "email": "z@z.example", "requirement": "a thing that is not here"},
    ),
    "demands/<int:pk>/": pages(frozenset({BUYER}), pk="{demand}"),
    "demands/follow/<str:token>/": pages(ANYBODY, token="{demand_token}"),  # anyone with the link
    "demands/follow/<str:token>/withdraw/": Address({"token": "{demand_token}"}, post=ANYBODY),
    "seller/complaints/": pages(TRADE),
    "seller/complaints/<int:pk>/": pages(A_TRADE, pk="{complaint}"),
    "seller/complaints/<int:pk>/reply/": Address({"pk": "{complaint}"}, post=WRITERS, data={"reply": "we called"}),
    "seller/demands/": pages(TRADE),
    "seller/demands/<int:pk>/": pages(A_TRADE, pk="{customer_demand}"),
    "seller/demands/<int:pk>/offer/": Address({"pk": "{customer_demand}"}, post=WRITERS, data={"words": "take ours"}),
    "seller/demands/<int:pk>/decline/": Address({"pk": "{customer_demand}"}, post=WRITERS, data={"words": "not ours"}),
    "console/complaints/": pages(ONLY_OPERATORS),
    "console/complaints/<int:pk>/": pages(ONLY_OPERATORS, pk="{complaint}"),
    "console/complaints/<int:pk>/decide/": Address(
        {"pk": "{complaint}"}, post=ONLY_OPERATORS, data={"answer": "dismiss", "decision": "no"}
    ),
    "console/demands/": pages(ONLY_OPERATORS),
    "console/demands/new/": Address(
        get=ONLY_OPERATORS,
        post=ONLY_OPERATORS,
        data={"contact": "Z", "phone": "0755-1234567", "requirement": "a thing that is not here", "language": "en"},
    ),
    "console/demands/mails/<int:pk>/aside/": Address({"pk": "{problem_mail}"}, post=ONLY_OPERATORS),
    "console/demands/products/": pages(ONLY_OPERATORS),
    "console/demands/sellers/": pages(ONLY_OPERATORS),
    "console/demands/<int:pk>/": pages(ONLY_OPERATORS, pk="{demand}"),
    "console/demands/<int:pk>/answer/": Address({"pk": "{demand}"}, post=ONLY_OPERATORS, data={"words": "soon"}),
    "console/demands/<int:pk>/pass/": Address(
        {"pk": "{open_demand}"}, post=ONLY_OPERATORS, data={"seller": "{seller}"}
    ),
    "console/demands/<int:pk>/close/": Address({"pk": "{open_demand}"}, post=ONLY_OPERATORS, data={"why": "no"}),
}
