"""The steps of the road, computed from facts: done steps, missing items, whose turn it is, and links (joint.md §5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tradepost.market.base.values import replace
from tradepost.market.industrial_road.steps import ProductFacts, RoadFacts, current, steps
from tradepost.market.product_types.roads.industrial import ITEMS

SEEN_AT = datetime(2026, 11, 26, tzinfo=UTC)
PRODUCT = ProductFacts(
    pk=7, name="Cloud Draw", priced=True, bound=True, missing=(), on_sale=True, submission="approved"
)
COMPLETE_FACTS = RoadFacts(
    admitted=True, entry="approved", before_publishing=(), answers=dict.fromkeys(ITEMS, "met"), addresses=1, unproven=(),
    signing_key=True, access_key=True, product=PRODUCT, event="e", queried_at=SEEN_AT, text_at=SEEN_AT, file_at=SEEN_AT, asset="approved", sold=0,
)  # fmt: skip
EMPTY_FACTS = RoadFacts(
    admitted=False, entry="", before_publishing=(), answers={}, addresses=0, unproven=(), signing_key=False, access_key=False,
    product=None, event="", queried_at=None, text_at=None, file_at=None, asset="", sold=0,
)  # fmt: skip


def test_road_starts_with_the_company_and_ends_when_all_is_done() -> None:
    road = steps(EMPTY_FACTS)
    assert [step.code for step in road] == [
        "company", "retrofit", "server", "keys", "debugged", "apis", "asset", "license",
    ]  # fmt: skip
    assert not any(step.done for step in road)
    assert current(road) == road[0]
    assert all(step.done for step in steps(COMPLETE_FACTS))
    assert current(steps(COMPLETE_FACTS)) is None


@pytest.mark.parametrize(
    ("facts", "step", "pages", "waits"),
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
def test_each_missing_item_links_to_the_page_that_resolves_it(
    facts: dict[str, Any], step: str, pages: list[str], waits: bool
) -> None:
    road = steps(replace(COMPLETE_FACTS, **facts))
    open_steps = [road_step for road_step in road if not road_step.done]
    assert [road_step.code for road_step in open_steps] == [step]
    assert ([lack.page for lack in open_steps[0].lacks], open_steps[0].waits) == (pages, waits)


@pytest.mark.parametrize(
    ("product", "open_codes", "pages"),
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
def test_product_has_two_steps(product: dict[str, Any] | None, open_codes: list[str], pages: list[str]) -> None:
    facts = replace(COMPLETE_FACTS, product=replace(PRODUCT, **product) if product is not None else None)
    open_steps = [step for step in steps(facts) if not step.done]
    assert [step.code for step in open_steps] == open_codes
    assert [lack.page for step in open_steps for lack in step.lacks] == pages
