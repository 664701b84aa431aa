"""Group *idempotency*: repeated orders of other charging modes than by period (saas-v1-license A2.1, A2.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from tradepost.check.answers import Answer, expect_readable
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Skipped, Warned
from tradepost.check.samples import Order
from tradepost.protocols.commands import ChargingMode, Create, Purchase, Query, SetStatus
from tradepost.protocols.text import Text

from .repeats import EXPECTED_ANSWER, REPEATS, expect_same_instance

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

type PurchaseChange = Callable[[Purchase], Purchase]
"""Changes the sample's purchase by period to another charging mode."""


def _mode(mode: ChargingMode, *, expires: bool = False) -> PurchaseChange:
    def change(purchase: Purchase) -> Purchase:
        until = purchase.expires_at if expires else None
        return replace(purchase, charging_mode=mode, period_type="", period_number=None, expires_at=until)

    return change


ON_DEMAND, ONE_TIME = _mode(ChargingMode.ON_DEMAND), _mode(ChargingMode.ONE_TIME)
PACKAGE = _mode(ChargingMode.ON_DEMAND_PKG, expires=True)


def _trial(purchase: Purchase) -> Purchase:
    return replace(purchase, trial=True, period_type="day", period_number=15)


@check_factory
def purchases(target: Target) -> Iterable[Check]:
    """If the creation contains the purchase, many servers handle other charging modes in separate code."""
    if not any(field.name == "chargingMode" for field in target.specification.requests.get(Create, ())):
        return
    make = CheckBuilder(target, "idempotency")
    for name, purchase, words in (
        ("on_demand", ON_DEMAND, Text(en="pay-per-use", zh="按需")),
        ("package", PACKAGE, Text(en="package", zh="按需套餐包")),
        ("one_time", ONE_TIME, Text(en="one-time", zh="按次")),
        ("trial", _trial, Text(en="trial", zh="试用")),
    ):
        yield make(
            f"{name}.retry", "once", _repeated_as(purchase),
            Text(en=f"A {words.en} order with another businessId gives the same instance", zh=f"{words.zh}订单以不同businessId重复时返回同一实例"), EXPECTED_ANSWER,
        )  # fmt: skip
    if target.has(Query, SetStatus):
        yield make(
            "on_demand.other_product", "once", _other_product,
            Text(en="Two pay-per-use products of one order give two instances", zh="同一订单的两个按需商品得到两个实例"),
            Text(en="another instanceId: the key is orderId and productId there (that chargingMode 0 means pay-per-use is inferred)",
                 zh="返回不同的instanceId：按需商品的幂等键为orderId和productId（chargingMode为0表示按需系推断）"),
        )  # fmt: skip


def _order(
    caller: Caller, order: Order, bought: PurchaseChange, *, product_id: str = "", business_id: str = ""
) -> Create:
    command = caller.samples.create(order, business_id=business_id)
    assert command.purchase is not None
    purchase = bought(command.purchase)
    return replace(command, purchase=replace(purchase, product_id=product_id or purchase.product_id))


def _first_order(caller: Caller, command: Create) -> Answer:
    """Skip the check if the seller does not sell in this mode."""
    caller.instance(keep=True)
    answer = caller.create(command)
    if not answer.accepted or not answer.instance_id:
        description = answer.describe()
        raise Skipped(
            Text(
                en=f"the first order is refused, as not sold so ({description.en})",
                zh=f"首个订单被拒绝，视为不这样销售（{description.zh}）",
            )
        )
    return answer


def _repeated_as(purchase: PurchaseChange) -> Body:
    def body(caller: Caller) -> None:
        def make(order: Order, business_id: str) -> Create:
            return _order(caller, order, purchase, business_id=business_id)

        order = caller.samples.order()
        first_answer = _first_order(caller, make(order, ""))
        for _ in range(REPEATS):
            expect_same_instance(caller, first_answer.instance_id, caller.create(make(order, "")), make=make)

    return body


def _other_product(caller: Caller) -> None:
    for kind in (Query, SetStatus):
        # Pay-per-use needs both (saas-v1-license A2); without them nothing is sold in this mode.
        caller.need(kind)
    order = caller.samples.order()
    first_answer = _first_order(caller, _order(caller, order, ON_DEMAND))
    other_answer = caller.create(_order(caller, order, ON_DEMAND, product_id="OFFI000000000000000002"))
    expect_readable(other_answer)
    if not other_answer.accepted or other_answer.instance_id == first_answer.instance_id:
        description = other_answer.describe()
        both = Text(en=f"both got {first_answer.instance_id}", zh=f"两者都得到{first_answer.instance_id}")
        raise Warned("product_ignored", both if other_answer.accepted else description)
