"""Steps of an opening, by product type and protocol."""

from __future__ import annotations

import pytest

from tradepost.market.fulfilment.steps import next_step
from tradepost.market.product_types.contract import DeliveryMethod, Step
from tradepost.market.product_types.registry import product_type, product_types
from tradepost.protocols.commands import Create, Query
from tradepost.protocols.registry import protocol

QUERIED = (Step(Create), Step(Query, until_access=True))
REPEATED = (Step(Create), Step(Create, until_access=True))


@pytest.mark.parametrize(
    ("kind", "name", "plan"),
    [
        ("SAAS", "saas_v2", QUERIED),  # saas-v2 §3.1
        ("SAAS", "saas_v1", REPEATED),  # saas-v1-license A2.1
        ("LICENSE", "license_v1", (Step(Create),)),  # B1: getLicense answers everything
        ("LICENSE", "license_online", (Step(Create),)),  # B3
    ],
)
def test_opening_plan_follows_type_and_protocol(kind: str, name: str, plan: tuple[Step, ...]) -> None:
    assert product_type(kind).plan("NEW", protocol(name)) == plan


def test_missing_activities_are_skipped() -> None:
    assert product_type("SAAS").plan("NEW", protocol("license_v1")) == (Step(Create),)
    assert product_type("SAAS").plan("NEW", protocol("order_notice")) == ()
    assert product_type("SAAS").plan("RENEW", protocol("saas_v2")) == ()


def test_every_type_can_be_bought_over_each_of_its_protocols() -> None:
    for kind in (kind for kind in product_types().values() if kind.delivery is DeliveryMethod.INTERFACE):
        for name in kind.protocols:
            assert kind.plan("NEW", protocol(name))[0] == Step(Create), (kind.code, name)
        assert {*kind.steps_over, *kind.one_line_over} <= set(kind.protocols)


@pytest.mark.parametrize(
    ("plan", "index", "has_access", "by_message", "following"),
    [
        (QUERIED, 0, False, False, 1),
        (QUERIED, 0, True, False, None),
        (QUERIED, 0, False, True, 1),  # a query may return nothing, but it is sent (saas-v2 §3.2)
        (QUERIED, 1, False, True, None),
        (REPEATED, 0, False, False, 1),
        (REPEATED, 0, True, False, None),
        (REPEATED, 0, False, True, None),  # the same request would have the same answer
        ((Step(Create),), 0, False, False, None),
    ],
)
def test_next_step_follows_the_result(
    plan: tuple[Step, ...], index: int, has_access: bool, by_message: bool, following: int | None
) -> None:
    assert next_step(plan, index, has_access=has_access, by_message=by_message) == following
