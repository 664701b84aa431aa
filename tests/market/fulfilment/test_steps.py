"""What is asked of a seller comes from the kind of product and what its protocol offers."""

from __future__ import annotations

import pytest

from tradepost.market.fulfilment.steps import next_step
from tradepost.market.product_types.contract import DeliveredBy, Step
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
        ("LICENSE", "license_v1", (Step(Create),)),  # B1: getLicense answers all there is
        ("LICENSE", "license_online", (Step(Create),)),  # B3
    ],
)
def test_the_plan_of_a_new_order(kind: str, name: str, plan: tuple[Step, ...]) -> None:
    assert product_type(kind).plan("NEW", protocol(name)) == plan


def test_what_a_protocol_has_no_activity_for_is_not_asked() -> None:
    assert product_type("SAAS").plan("NEW", protocol("license_v1")) == (Step(Create),)
    assert product_type("SAAS").plan("NEW", protocol("order_notice")) == ()
    assert product_type("SAAS").plan("RENEW", protocol("saas_v2")) == ()


def test_every_kind_can_be_bought_over_each_of_its_protocols() -> None:
    for kind in (kind for kind in product_types().values() if kind.delivery is DeliveredBy.INTERFACE):
        for name in kind.protocols:
            assert kind.plan("NEW", protocol(name))[0] == Step(Create), (kind.code, name)
        assert {*kind.steps_over, *kind.one_line_over} <= set(kind.protocols)


@pytest.mark.parametrize(
    ("plan", "place", "has_access", "by_message", "following"),
    [
        (QUERIED, 0, False, False, 1),
        (QUERIED, 0, True, False, None),
        (QUERIED, 0, False, True, 1),  # a query may stay silent, but it is asked (saas-v2 §3.2)
        (QUERIED, 1, False, True, None),
        (REPEATED, 0, False, False, 1),
        (REPEATED, 0, True, False, None),
        (REPEATED, 0, False, True, None),  # the same question would bring the same answer
        ((Step(Create),), 0, False, False, None),
    ],
)
def test_the_next_step(
    plan: tuple[Step, ...], place: int, has_access: bool, by_message: bool, following: int | None
) -> None:
    assert next_step(plan, place, has_access=has_access, by_message=by_message) == following
