"""The steps of the road over facts: what is done, what lacks, whose turn it is, where it leads (joint.md §5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tradepost.market.base.values import replace
from tradepost.market.industrial_road.steps import ProductFacts, RoadFacts, current, steps
from tradepost.market.product_types.roads.industrial import ITEMS

AT = datetime(2026, 11, 26, tzinfo=UTC)
PRODUCT = ProductFacts(
    pk=7, name="Cloud Draw", priced=True, bound=True, missing=(), on_sale=True, submission="approved"
)
WALKED = RoadFacts(
    admitted=True, entry="approved", before_publishing=(), answers=dict.fromkeys(ITEMS, "met"), addresses=1, unproven=(),
    signing_key=True, access_key=True, product=PRODUCT, event="e", queried_at=AT, text_at=AT, file_at=AT, asset="approved", sold=0,
)  # fmt: skip
NOTHING = RoadFacts(
    admitted=False, entry="", before_publishing=(), answers={}, addresses=0, unproven=(), signing_key=False, access_key=False,
    product=None, event="", queried_at=None, text_at=None, file_at=None, asset="", sold=0,
)  # fmt: skip


def test_who_has_nothing_begins_with_the_company_and_who_has_all_is_through() -> None:
    road = steps(NOTHING)
    assert [step.code for step in road] == [
        "company", "retrofit", "server", "keys", "debugged", "apis", "asset", "license",
    ]  # fmt: skip
    assert not any(step.done for step in road)
    assert current(road) == road[0]
    assert all(step.done for step in steps(WALKED))
    assert current(steps(WALKED)) is None


@pytest.mark.parametrize(
    ("facts", "step", "leads", "waits"),
    [
        ({"admitted": False, "entry": "pending"}, "company", [""], True),
        ({"admitted": False, "entry": "checking"}, "company", [""], True),
        ({"admitted": False, "entry": "rejected"}, "company", ["company"], False),
        ({"admitted": False, "suspended": True}, "company", [""], True),
        ({"before_publishing": (("certification", "c"), ("publish", "p"))}, "company", ["company", "agreements"], False),
        ({"answers": {**dict.fromkeys(ITEMS, "met"), "https": "not_yet"}}, "retrofit", ["road_retrofit"], False),
        ({"answers": {**dict.fromkeys(ITEMS, "met"), "https": "gone"}}, "retrofit", ["road_retrofit"], False),
        ({"addresses": 0}, "server", ["address_new"], False),
        ({"unproven": ("a.example",)}, "server", ["domains"], False),
        ({"signing_key": False}, "keys", ["keys"], False),
        ({"access_key": False}, "keys", ["keys"], False),
        ({"queried_at": None}, "apis", ["road_apis"], False),
        ({"event": "", "text_at": None, "file_at": None}, "apis", ["debug"], False),
        ({"file_at": None}, "apis", ["road_apis"], False),
        ({"asset": ""}, "asset", ["assets"], False),
        ({"asset": "review"}, "asset", [""], True),
        ({"asset": "checking"}, "asset", [""], True),
        ({"asset": "failed"}, "asset", ["assets"], False),
        ({"asset": "withdrawn"}, "asset", ["assets"], False),
    ],
)  # fmt: skip
def test_each_lack_leads_to_where_it_is_mended(facts: dict[str, Any], step: str, leads: list[str], waits: bool) -> None:
    road = steps(replace(WALKED, **facts))
    lacking = [one for one in road if not one.done]
    assert [one.code for one in lacking] == [step]
    assert ([one.page for one in lacking[0].lacks], lacking[0].waits) == (leads, waits)


@pytest.mark.parametrize(
    ("product", "lacking", "leads"),
    [
        (None, ["debugged", "license"], ["product_new", "product_new"]),
        (
            {"priced": False, "on_sale": False, "submission": ""},
            ["debugged", "license"],
            ["product_draft", "product_submit"],
        ),
        (
            {"bound": False, "on_sale": False, "submission": ""},
            ["debugged", "license"],
            ["addresses", "product_submit"],
        ),
        ({"missing": (("x", (3, "newInstance", "")),)}, ["debugged"], ["debug_case"]),
        ({"missing": (("x", (3, "refreshInstance", "RENEWAL")),)}, ["debugged"], ["debug_variant"]),
        ({"missing": (("x", None),)}, ["debugged"], ["product"]),
        ({"on_sale": False, "submission": "pending"}, ["license"], [""]),
        ({"on_sale": False, "submission": "rejected"}, ["license"], ["product_submit"]),
        ({"on_sale": False, "submission": "withdrawn"}, ["license"], ["product_submit"]),
    ],
)
def test_the_product_has_two_steps(product: dict[str, Any] | None, lacking: list[str], leads: list[str]) -> None:
    facts = replace(WALKED, product=replace(PRODUCT, **product) if product is not None else None)
    road = [one for one in steps(facts) if not one.done]
    assert [one.code for one in road] == lacking
    assert [lack.page for one in road for lack in one.lacks] == leads
