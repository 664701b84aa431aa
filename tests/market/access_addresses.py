"""Addresses of console access and sign-in methods: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import ANYBODY, OPERATOR, Address, pages

ONLY_OPERATORS = frozenset({OPERATOR})
PROVIDER = {
    "name": "Corp", "issuer": "https://id.corp.example", "client_id": "market", "secret": "a secret", "scopes": "openid email",
    "for_buyers": "on", "groups_claim": "groups",
}  # fmt: skip
OF_ACCESS = {
    "console/operators/": pages(ONLY_OPERATORS),
    "console/operators/invite/": Address(
        get=ONLY_OPERATORS, post=ONLY_OPERATORS, data={"email": "new@market.example", "role": "finance"}
    ),
    "console/operators/invitations/<int:pk>/again/": Address({"pk": "{operator_invitation}"}, post=ONLY_OPERATORS),
    "console/operators/invitations/<int:pk>/revoke/": Address({"pk": "{operator_invitation}"}, post=ONLY_OPERATORS),
    "console/sign-in/": pages(ONLY_OPERATORS),
    "console/sign-in/new/": Address(get=ONLY_OPERATORS, post=ONLY_OPERATORS, data=PROVIDER),
    "console/sign-in/passwords/": Address(post=ONLY_OPERATORS, data={"passwords": "on"}),
    "console/sign-in/<int:pk>/": Address({"pk": "{provider}"}, get=ONLY_OPERATORS, post=ONLY_OPERATORS, data=PROVIDER),
    "console/sign-in/<int:pk>/delete/": Address({"pk": "{provider}"}, post=ONLY_OPERATORS),
    "console/join/<str:token>/": Address({"token": "{operator_token}"}, get=ANYBODY, post=ANYBODY),
    "console/accounts/<int:pk>/access/": pages(ONLY_OPERATORS, pk="{buyer}"),
    "console/accounts/<int:pk>/role/": Address({"pk": "{buyer}"}, post=ONLY_OPERATORS, data={"role": "support"}),
    "console/accounts/<int:pk>/data/": Address(
        {"pk": "{buyer}"}, post=ONLY_OPERATORS, data={"export-reason": "letter"}
    ),
    "console/accounts/<int:pk>/erase/": Address(
        {"pk": "{buyer}"}, post=ONLY_OPERATORS, data={"erase-reason": "letter"}
    ),
    "console/accounts/<int:pk>/keep/": Address({"pk": "{buyer}"}, post=ONLY_OPERATORS),
    "console/accounts/<int:pk>/lock/": Address({"pk": "{buyer}"}, post=ONLY_OPERATORS, data={"reason": "stolen"}),
    "console/accounts/<int:pk>/unlock/": Address({"pk": "{buyer}"}, post=ONLY_OPERATORS, data={"reason": "found"}),
}
