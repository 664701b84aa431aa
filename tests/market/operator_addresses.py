"""Acts of operators on services, explanations of amounts, and comparisons with sellers: a part of ``every_address``."""

from __future__ import annotations

from tests.market.access_addresses import OF_ACCESS
from tests.market.who_may import A_TRADE, BUYER, OPERATOR, Address, pages

ONLY_OPERATORS = frozenset({OPERATOR})
SYNONYMS = {"words": "机器人\nrobot"}
A_CATEGORY = {"name": "机器人", "name_en": "Robots", "icon": "robot"}
BRANDING = {"version": "0", "name": "云集市", "name_en": "Cloud Bazaar", "colour": "#7a1f5c"}
QUEUED = {"source": "refunds", "pk": "{appealed_refund}"}
OF_OPERATORS = {
    **OF_ACCESS,
    "orders/<str:number>/explain/": pages(frozenset({BUYER}), number="{order}"),
    "services/<int:pk>/explain/": pages(frozenset({BUYER}), pk="{subscription}"),
    "seller/orders/<str:number>/explain/": pages(A_TRADE, number="{line}"),
    "console/orders/<str:number>/explain/": pages(ONLY_OPERATORS, number="{order}"),
    "console/find/": pages(ONLY_OPERATORS),
    "console/queue/": pages(ONLY_OPERATORS),
    "console/queue/count/": pages(ONLY_OPERATORS),
    "console/queue/<slug:source>/<int:pk>/": pages(ONLY_OPERATORS, **QUEUED),
    "console/queue/<slug:source>/<int:pk>/assign/": Address(QUEUED, post=ONLY_OPERATORS, data={"assignee": "me"}),
    "console/queue/<slug:source>/<int:pk>/put-off/": Address(QUEUED, post=ONLY_OPERATORS, data={"until": "tomorrow"}),
    "console/queue/<slug:source>/<int:pk>/note/": Address(QUEUED, post=ONLY_OPERATORS, data={"note": "he calls back"}),
    "console/audit/": pages(ONLY_OPERATORS),
    "console/audit/<int:pk>/": pages(ONLY_OPERATORS, pk="{audit}"),
    "console/categories/": pages(ONLY_OPERATORS),
    "console/categories/new/": Address(get=ONLY_OPERATORS, post=ONLY_OPERATORS, data=A_CATEGORY),
    "console/categories/<int:pk>/": Address(
        {"pk": "{category}"}, get=ONLY_OPERATORS, post=ONLY_OPERATORS, data=A_CATEGORY
    ),
    "console/categories/<int:pk>/move/": Address({"pk": "{category}"}, post=ONLY_OPERATORS, data={"to": "down"}),
    "console/categories/<int:pk>/hide/": Address({"pk": "{category}"}, post=ONLY_OPERATORS),
    "console/categories/<int:pk>/show/": Address({"pk": "{category}"}, post=ONLY_OPERATORS),
    "console/categories/<int:pk>/delete/": Address({"pk": "{category}"}, post=ONLY_OPERATORS),
    "console/registration/": Address(
        get=ONLY_OPERATORS, post=ONLY_OPERATORS, data={"buyers": "open", "sellers": "open"}
    ),
    "console/registration/invite/": Address(
        get=ONLY_OPERATORS,
        post=ONLY_OPERATORS,
        data={"side": "buyer", "emails": "invited@y-company.example", "language": "en"},
    ),
    "console/registration/<int:pk>/again/": Address({"pk": "{market_invitation}"}, post=ONLY_OPERATORS),
    "console/registration/<int:pk>/withdraw/": Address({"pk": "{market_invitation}"}, post=ONLY_OPERATORS),
    "console/first-sale/": pages(ONLY_OPERATORS),
    "console/first-sale/card/": Address(post=ONLY_OPERATORS),
    "console/branding/": Address(get=ONLY_OPERATORS, post=ONLY_OPERATORS, data=BRANDING),
    "console/branding/pictures/<slug:use>/": Address({"use": "logo"}, post=ONLY_OPERATORS, data={"version": "0"}),
    "console/branding/reset/": Address(post=ONLY_OPERATORS, data={"version": "0"}),
    "console/synonyms/": pages(ONLY_OPERATORS),
    "console/synonyms/new/": Address(get=ONLY_OPERATORS, post=ONLY_OPERATORS, data=SYNONYMS),
    "console/synonyms/<int:pk>/": Address({"pk": "{synonyms}"}, get=ONLY_OPERATORS, post=ONLY_OPERATORS, data=SYNONYMS),
    "console/synonyms/<int:pk>/delete/": Address({"pk": "{synonyms}"}, post=ONLY_OPERATORS),
    "console/services/": pages(ONLY_OPERATORS),
    "console/services/<int:pk>/": pages(ONLY_OPERATORS, pk="{subscription}"),
    "console/services/<int:pk>/explain/": pages(ONLY_OPERATORS, pk="{subscription}"),
    "console/services/<int:pk>/freeze/": Address(
        {"pk": "{subscription}"}, post=ONLY_OPERATORS, data={"reason": "it sends spam"}
    ),
    # It was not frozen manually.
    "console/services/<int:pk>/lift/": Address(
        {"pk": "{subscription}"}, post=ONLY_OPERATORS, data={"reason": "mended"}
    ),
    "console/services/<int:pk>/release/": Address(
        {"pk": "{subscription}"}, post=ONLY_OPERATORS, data={"reason": "it sends spam"}
    ),
    "console/reconcile/": pages(ONLY_OPERATORS),
    "console/reconcile/live/": pages(ONLY_OPERATORS),
    "console/reconcile/compare/": Address(post=ONLY_OPERATORS, data={"seller": "{seller}"}),
    "console/reconcile/<int:pk>/repair/": Address({"pk": "{drift}"}, post=ONLY_OPERATORS),
    "console/refunds/": pages(ONLY_OPERATORS),
    "console/refunds/<int:pk>/": pages(ONLY_OPERATORS, pk="{refund}"),
    "console/refunds/<int:pk>/decide/": Address(
        {"pk": "{appealed_refund}"}, post=ONLY_OPERATORS, data={"answer": "refuse", "opinion": "no"}
    ),
    "console/accounts/<int:pk>/customer-type/": Address(
        {"pk": "{buyer}"},
        post=ONLY_OPERATORS,
        data={"customer_type": "company", "name": "蓝天公司", "reason": "licence seen"},
    ),
}
