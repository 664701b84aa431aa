"""Pages of one object on several sites: one template, in the frame of the reader's site (web/templates/web/subjects)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.market.every_address import BUYER, OPERATOR, OWNER
from tests.market.world import World, shared_world

pytestmark = pytest.mark.django_db
SITES = {"console": ("/console/", OPERATOR), "seller_center": ("/seller/", OWNER), "storefront": ("/", BUYER)}
PAGES = {
    "agreements_of_order": {
        "console": "console/orders/<str:number>/agreements/", "seller_center": "seller/orders/<str:number>/agreement/",
        "storefront": "orders/<str:number>/agreements/",
    },
    "charge": {
        "console": "console/usage/charges/<int:pk>/", "seller_center": "seller/usage/charges/<int:pk>/",
        "storefront": "charges/<int:pk>/",
    },
    "complaint": {
        "console": "console/complaints/<int:pk>/", "seller_center": "seller/complaints/<int:pk>/",
        "storefront": "complaints/<int:pk>/",
    },
    "explain": {
        "console": "console/orders/<str:number>/explain/", "seller_center": "seller/orders/<str:number>/explain/",
        "storefront": "orders/<str:number>/explain/",
    },
    "invoice": {
        "console": "console/invoices/<int:pk>/", "seller_center": "seller/invoices/<int:pk>/",
        "storefront": "invoices/<int:pk>/",
    },
    "refund": {
        "console": "console/refunds/<int:pk>/", "seller_center": "seller/refunds/<int:pk>/",
        "storefront": "refunds/<int:pk>/",
    },
    "settlement": {"console": "console/settlements/<int:pk>/", "seller_center": "seller/settlements/<int:pk>/"},
    "supervision": {
        "console": "console/supervision/<int:pk>/", "seller_center": "seller/supervision/<int:pk>/",
        "storefront": "supervision/<int:pk>/",
    },
}  # fmt: skip
"""Object → site → address of its page."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    with shared_world(django_db_blocker) as small_world:
        yield small_world


@pytest.mark.parametrize(("subject", "site"), [(subject, site) for subject, pages in PAGES.items() for site in pages])
def test_object_has_one_template_in_the_frame_of_each_site(world: World, subject: str, site: str) -> None:
    home, role = SITES[site]
    answer: Any = world.ask(role, "GET", PAGES[subject][site])
    assert answer.status_code == 200
    used = {template.name for template in answer.templates}
    assert {f"web/subjects/{subject}.html", f"{site}/layout.html"} <= used
    assert not {f"{other}/layout.html" for other in SITES if other != site} & used
    way = answer.content.decode().partition('class="tp-crumbs"')[2].partition("</nav>")[0]
    assert f'href="{home}' in way, "the way back stays in the site"
    if site == "storefront":
        assert 'href="/console/' not in way
        assert 'href="/seller/' not in way
