"""Charging modes (business-rules §3.2, §4.4–4.7); no other module of the market branches on a mode."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tradepost.market
from tradepost.market.product_types.charging import CHARGING, charging_of, modes_with
from tradepost.market.product_types.registry import product_types
from tradepost.protocols.commands import ChargingMode, Query
from tradepost.protocols.registry import protocol

MARKET = Path(tradepost.market.__file__).parent
NAMED = re.compile(r"ChargingMode\.[A-Z]|[\"'](?:PERIOD|ONE_TIME|ON_DEMAND|ON_DEMAND_PKG)[\"']")
DECLARATIONS = "product_types/kinds/"
MAY_NAME = {
    "product_types/charging.py": "the policy",
    "catalog/document.py": "what the form of a price begins with",
    "catalog/rule_forecast.py": "upgrades are of what is sold for a period (saas-v2 §8)",
    "catalog/sellable.py": "a trial is a trial of a period (business-rules §3.5)",
    "catalog/upgrade_rules.py": "upgrades are of what is sold for a period (saas-v2 §8)",
    "catalog/view.py": "why a product lacks a mode is said of each (business-rules §3.1)",
    "orders/change.py": "only what is sold for a period can be changed while it is used (saas-v2 §8)",
    "production/addresses.py": "requests cannot name every period (saas-v1-license §A2.1)",
    "orders/personal.py": "names of the modes in a copy of personal data",
    "orders/reserve.py": "limits are not for what is on demand (business-rules §3.7)",
    "sites/seller_center/draft.py": "what a new row of the editor begins with",
    "sites/seller_center/debug_modes.py": "names of the columns: which activities each mode needs (saas-v2 §5.3)",
    "sites/seller_center/pricing_document.py": "the editor's columns, one for each way to pay",
    "seed/shapes.py": "data",
    "open_api/orders.py": "words of the wire",
    "open_api/buyer_orders.py": "numbers of the wire",
}


def test_every_mode_of_the_protocols_has_a_policy() -> None:
    assert set(CHARGING) == set(ChargingMode)
    assert {mode for mode in ChargingMode if charging_of(mode).mode is not mode} == set()


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
def test_policy_of_each_mode(so: str, modes: list[str]) -> None:
    assert modes_with(lambda policy: getattr(policy, so)) == modes


def test_modes_that_need_another_are_sold_with_it_and_metered_modes_can_be_queried() -> None:
    for kind in product_types().values():
        for mode in kind.charging_modes:
            assert CHARGING[mode].needs in {None, *kind.charging_modes}
            if CHARGING[mode].metered:
                assert all(Query in protocol(name).activities for name in kind.protocols), kind.code


def test_only_the_policy_branches_on_a_mode() -> None:
    files = {
        str(path.relative_to(MARKET))
        for path in MARKET.rglob("*")
        if path.suffix in {".py", ".html"} and "migrations" not in path.parts and NAMED.search(path.read_text("utf-8"))
    }
    assert {path for path in files if not path.startswith(DECLARATIONS)} == set(MAY_NAME)
