"""Addresses where a buyer sees services, places orders for them, and manages access keys: a part of ``every_address``."""

from __future__ import annotations

from tests.factories.people import PASSWORD
from tests.market.who_may import BUYER, PERSONS, Address, pages

SERVICES = {
    "services/": pages(PERSONS),
    "services/<int:pk>/": pages(frozenset({BUYER}), pk="{subscription}"),
    "services/<int:pk>/renew/": Address(
        {"pk": "{subscription}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data={"agreed": "on"}
    ),
    "services/<int:pk>/formal/": Address(
        {"pk": "{subscription}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data={"agreed": "on"}
    ),
    "services/<int:pk>/change/renewal/": Address(
        {"pk": "{subscription}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data={"agreed": "on"}
    ),
    "services/<int:pk>/change/renewal/check/": Address(
        {"pk": "{subscription}"}, post=frozenset({BUYER}), data={"quantity": "1"}
    ),
    "services/<int:pk>/change/": Address(
        {"pk": "{subscription}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data={"agreed": "on"}
    ),
    "services/<int:pk>/password/": Address({"pk": "{subscription}"}, post=frozenset({BUYER})),
    "services/<int:pk>/access/": Address({"pk": "{subscription}"}, get=frozenset({BUYER}), post=frozenset({BUYER})),
    "services/<int:pk>/license/": Address({"pk": "{subscription}"}, post=frozenset({BUYER})),
    "services/<int:pk>/license.txt": pages(frozenset({BUYER}), pk="{subscription}"),
    "services/<int:pk>/code/": Address({"pk": "{coded}"}, post=frozenset({BUYER})),
    "services/<int:pk>/code/take/": Address({"pk": "{untaken}"}, post=frozenset({BUYER})),
    "services/<int:pk>/code/give-back/": Address({"pk": "{untaken}"}, post=frozenset({BUYER})),
    "services/<int:pk>/licenses/": Address(
        {"pk": "{subscription}"}, post=frozenset({BUYER}), data={"fingerprint": "MAC-1"}
    ),
    "services/<int:pk>/licenses/<int:license_pk>/": Address(
        {"pk": "{subscription}", "license_pk": "{license_request}"}, post=frozenset({BUYER})
    ),
    "services/<int:pk>/licenses/<int:license_pk>/withdraw/": Address(
        {"pk": "{subscription}", "license_pk": "{license_request}"}, post=frozenset({BUYER})
    ),
    "services/<int:pk>/licenses/<int:license_pk>/file": pages(
        frozenset({BUYER}), pk="{subscription}", license_pk="{license_request}"
    ),
    "services/<int:pk>/keys/": Address(
        {"pk": "{api_service}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data={"name": "ci"}
    ),
    "services/<int:pk>/keys/<int:key_pk>/revoke/": Address(
        {"pk": "{api_service}", "key_pk": "{app_key}"}, post=frozenset({BUYER})
    ),
    "services/<int:pk>/files/<str:sha256>/": pages(frozenset({BUYER}), pk="{model_service}", sha256="{model_file}"),
    "services/<int:pk>/manifests/<int:number>.json": pages(frozenset({BUYER}), pk="{container_service}", number="1"),
    "access-keys/": Address(
        get=PERSONS, post=PERSONS, data={"name": "Y", "rights": "read", "days": "30", "password": PASSWORD}
    ),
    "access-keys/<int:pk>/disable/": Address({"pk": "{buyer_key}"}, post=frozenset({BUYER})),
    "access-keys/<int:pk>/enable/": Address({"pk": "{disabled_key}"}, post=frozenset({BUYER})),
    "access-keys/<int:pk>/delete/": Address({"pk": "{buyer_key}"}, post=frozenset({BUYER})),
}
