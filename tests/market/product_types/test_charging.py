"""What each charging mode means (business-rules §3.2, §4.4–4.7), and that nothing else in the market has a case for one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tradepost.market
from tradepost.market.product_types.charging import CHARGING, charging, modes_that
from tradepost.market.product_types.registry import product_types
from tradepost.protocols.commands import ChargingMode, Query
from tradepost.protocols.registry import protocol

MARKET = Path(tradepost.market.__file__).parent
NAMED = re.compile(r"ChargingMode\.[A-Z]|[\"'](?:PERIOD|ONE_TIME|ON_DEMAND|ON_DEMAND_PKG)[\"']")
DECLARATIONS = "product_types/kinds/"
MAY_NAME = {
    "product_types/charging.py": "the policy",
    "catalog/document.py": "what the form of a price begins with",
    "catalog/sellable.py": "a trial is a trial of a period (business-rules §3.5)",
    "catalog/upgrade_rules.py": "upgrades are of what is sold for a period (saas-v2 §8)",
    "catalog/view.py": "why a product lacks a mode is said of each (business-rules §3.1)",
    "orders/change.py": "only what is sold for a period can be changed while it is used (saas-v2 §8)",
    "production/addresses.py": "requests cannot name every period (saas-v1-license §A2.1)",
    "orders/reserve.py": "limits are not for what is on demand (business-rules §3.7)",
    "sites/seller_center/draft.py": "what a new row of the editor begins with",
    "sites/seller_center/pricing_document.py": "the editor's columns, one for each way to pay",
    "seed/shapes.py": "data",
    "open_api/orders.py": "words of the wire",
    "open_api/buyer_orders.py": "numbers of the wire",
}


def test_every_mode_of_the_wire_has_a_meaning() -> None:
    assert set(CHARGING) == set(ChargingMode)
    assert {mode for mode in ChargingMode if charging(mode).mode is not mode} == set()


@pytest.mark.parametrize(
    ("so", "modes"),
    [
        ("ends", ["PERIOD", "ON_DEMAND_PKG"]),  # openapi-jointkit §C.4: expireTime
        ("renewable", ["PERIOD"]),  # business-rules §4.5
        ("metered", ["ON_DEMAND", "ON_DEMAND_PKG"]),  # saas-v2 §1.4: usage push
        ("postpaid", ["ON_DEMAND"]),  # §3.2
        ("quota", ["ON_DEMAND_PKG"]),
        ("needs", ["ON_DEMAND_PKG"]),  # §3.2: requires on-demand opened first
    ],
)
def test_what_is_so_of_which_mode(so: str, modes: list[str]) -> None:
    assert modes_that(lambda one: getattr(one, so)) == modes


def test_what_needs_a_mode_is_sold_beside_it_and_what_is_metered_can_be_queried() -> None:
    for kind in product_types().values():
        for mode in kind.charging_modes:
            assert CHARGING[mode].needs in {None, *kind.charging_modes}
            if CHARGING[mode].metered:
                assert all(Query in protocol(name).activities for name in kind.protocols), kind.code


def test_nothing_but_the_policy_has_a_case_for_a_mode() -> None:
    found = {
        str(path.relative_to(MARKET))
        for path in MARKET.rglob("*")
        if path.suffix in {".py", ".html"} and "migrations" not in path.parts and NAMED.search(path.read_text("utf-8"))
    }
    assert {path for path in found if not path.startswith(DECLARATIONS)} == set(MAY_NAME)
