"""Group *idempotency*: repeats of what is not bought by period (saas-v1-license A2.1, A2.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from tradepost.check.answers import Answer, readable
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Skipped, Warned
from tradepost.check.samples import Order
from tradepost.protocols.commands import ChargingMode, Create, Purchase, Query, SetStatus
from tradepost.protocols.text import Text

from .repeats import REPEATS, SAME, same_instance

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

type Bought = Callable[[Purchase], Purchase]
"""What is bought otherwise than the sample's purchase by period."""


def _mode(mode: ChargingMode, *, expires: bool = False) -> Bought:
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
    """Where the purchase comes inside of the creation, what is not sold by period is another branch of many servers."""
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
            Text(en=f"A {words.en} order with another businessId gives the same instance", zh=f"{words.zh}订单以不同businessId重复时返回同一实例"), SAME,
        )  # fmt: skip
    if target.has(Query, SetStatus):
        yield make(
            "on_demand.other_product", "once", _other_product,
            Text(en="Two pay-per-use products of one order give two instances", zh="同一订单的两个按需商品得到两个实例"),
            Text(en="another instanceId: the key is orderId and productId there (that chargingMode 0 means pay-per-use is inferred)",
                 zh="返回不同的instanceId：按需商品的幂等键为orderId和productId（chargingMode为0表示按需系推断）"),
        )  # fmt: skip


def _order(caller: Caller, order: Order, bought: Bought, *, product_id: str = "", business_id: str = "") -> Create:
    command = caller.samples.create(order, business_id=business_id)
    assert command.purchase is not None
    purchase = bought(command.purchase)
    return replace(command, purchase=replace(purchase, product_id=product_id or purchase.product_id))


def _sold(caller: Caller, command: Create) -> Answer:
    """Skips the check where a seller does not sell so."""
    caller.instance(keep=True)
    answer = caller.create(command)
    if not answer.accepted or not answer.instance_id:
        seen = answer.describe()
        raise Skipped(
            Text(
                en=f"the first order is refused, as not sold so ({seen.en})",
                zh=f"首个订单被拒绝，视为不这样销售（{seen.zh}）",
            )
        )
    return answer


def _repeated_as(bought: Bought) -> Body:
    def body(caller: Caller) -> None:
        def make(order: Order, business_id: str) -> Create:
            return _order(caller, order, bought, business_id=business_id)

        order = caller.samples.order()
        first = _sold(caller, make(order, ""))
        for _ in range(REPEATS):
            same_instance(caller, first.instance_id, caller.create(make(order, "")), make=make)

    return body


def _other_product(caller: Caller) -> None:
    for kind in (Query, SetStatus):
        # Pay-per-use needs both (saas-v1-license A2): without them nothing is sold so.
        caller.need(kind)
    order = caller.samples.order()
    first = _sold(caller, _order(caller, order, ON_DEMAND))
    other = caller.create(_order(caller, order, ON_DEMAND, product_id="OFFI000000000000000002"))
    readable(other)
    if not other.accepted or other.instance_id == first.instance_id:
        seen = other.describe()
        both = Text(en=f"both got {first.instance_id}", zh=f"两者都得到{first.instance_id}")
        raise Warned("product_ignored", both if other.accepted else seen)
