"""Addresses of notice preferences and of searches: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import (
    A_MEMBERS,
    ANYBODY,
    BUYER,
    CHANGERS,
    OPERATOR,
    OWNER,
    PERSONS,
    SELLERS,
    TRADE,
    Address,
    pages,
)

ONLY_OPERATORS = frozenset({OPERATOR})
CHOICES = {
    f"{category}.{channel}": "on"
    for category in ("finance", "product", "security", "operations", "activity", "filing", "contract", "other")
    for channel in ("in_site", "mail", "sms", "webhook", "chat")
}
"""Kinds of notices; each page has its own channels."""
RECEIVER = {"name": "Li", "email": "li@company.example", "phone": "13800138000", "language": "en"}
WEBHOOK = {"name": "Ours", "url": "https://hooks.company.example/notices", "language": "en"}
CHAT = {
    "name": "Group", "service": "feishu", "address": "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef",
    "language": "en",
}  # fmt: skip

OF_STORE = {
    "suggest/": pages(ANYBODY),
    "notices/settings/": Address(get=PERSONS, post=PERSONS, data=CHOICES),
    "notices/receivers/": pages(PERSONS),
    "notices/receivers/new/": Address(get=PERSONS, post=PERSONS, data=RECEIVER),
    "notices/receivers/<int:pk>/": Address(
        {"pk": "{receiver}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data=CHOICES
    ),
    "notices/receivers/<int:pk>/again/": Address({"pk": "{receiver}"}, post=frozenset({BUYER})),
    "notices/receivers/<int:pk>/delete/": Address({"pk": "{receiver}"}, post=frozenset({BUYER})),
    "notices/webhooks/new/": Address(get=PERSONS, post=PERSONS, data=WEBHOOK),
    "notices/chats/new/": Address(get=PERSONS, post=PERSONS, data=CHAT),
    "notices/endpoints/<int:pk>/": Address(
        {"pk": "{endpoint}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data=CHOICES
    ),
    "notices/endpoints/<int:pk>/test/": Address({"pk": "{endpoint}"}, post=frozenset({BUYER})),
    "notices/endpoints/<int:pk>/secret/": Address(
        {"pk": "{endpoint}"}, post=frozenset({BUYER}), data={"since": "first"}
    ),
    "notices/endpoints/<int:pk>/on/": Address({"pk": "{endpoint}"}, post=frozenset({BUYER})),
    "notices/endpoints/<int:pk>/delete/": Address({"pk": "{endpoint}"}, post=frozenset({BUYER})),
    "receivers/confirm/<str:token>/": Address(
        {"token": "{receiver_token}"}, get=ANYBODY, post=ANYBODY, data={"code": "0"}
    ),
}
OF_SELLERS = {
    "seller/membership/": pages(TRADE),
    "seller/find/": pages(TRADE),
    "seller/notices/settings/": Address(get=TRADE, post=TRADE, data=CHOICES),
    "seller/receivers/": pages(CHANGERS),
    "seller/receivers/new/": Address(get=CHANGERS, post=CHANGERS, data=RECEIVER),
    "seller/receivers/<int:pk>/": Address(
        {"pk": "{sellers_receiver}"}, get=frozenset({OWNER}), post=frozenset({OWNER}), data=CHOICES
    ),
    "seller/receivers/<int:pk>/again/": Address({"pk": "{sellers_receiver}"}, post=frozenset({OWNER})),
    "seller/receivers/<int:pk>/delete/": Address({"pk": "{sellers_receiver}"}, post=frozenset({OWNER})),
    "seller/webhooks/new/": Address(get=CHANGERS, post=CHANGERS, data=WEBHOOK),
    "seller/chats/new/": Address(get=CHANGERS, post=CHANGERS, data=CHAT),
    "seller/endpoints/<int:pk>/": Address(
        {"pk": "{sellers_endpoint}"}, get=frozenset({OWNER}), post=frozenset({OWNER}), data=CHOICES
    ),
    "seller/endpoints/<int:pk>/test/": Address({"pk": "{sellers_endpoint}"}, post=frozenset({OWNER})),
    "seller/endpoints/<int:pk>/secret/": Address(
        {"pk": "{sellers_endpoint}"}, post=frozenset({OWNER}), data={"since": "first"}
    ),
    "seller/endpoints/<int:pk>/on/": Address({"pk": "{sellers_endpoint}"}, post=frozenset({OWNER})),
    "seller/endpoints/<int:pk>/delete/": Address({"pk": "{sellers_endpoint}"}, post=frozenset({OWNER})),
    "seller/deliveries/": pages(SELLERS),
    "seller/deliveries/<int:pk>/": pages(A_MEMBERS, pk="{sellers_delivery}"),
}
OF_CONSOLE = {
    "console/notices/settings/": Address(get=ONLY_OPERATORS, post=ONLY_OPERATORS, data=CHOICES),
}
