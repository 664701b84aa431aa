"""Group *shape*: parameters of only some SaaS 1.0 orders: other quantities than ``amount``, and the person who ordered
(saas-v1-license A2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tradepost.check.answers import NOT_AUTHENTIC, expect_accepted
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.protocols.commands import Create
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

OPTIONAL_PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "diskSize": {"amount": None, "diskSize": 500},
    "bandWidth": {"amount": None, "bandWidth": 20},
    "userId": {"userId": "05c3f8a1", "userName": "zhangsan"},
}
"""Changes of a sample order, by the parameter under test. Only one name of a linear attribute is sent."""


@check_factory
def quantities(target: Target) -> Iterable[Check]:
    known_names = {field.name for field in target.specification.requests.get(Create, ())}
    make = CheckBuilder(target, "shape")
    for name, changes in OPTIONAL_PARAMETERS.items():
        if name not in known_names:
            continue
        sent_fields = ", ".join(field for field, value in changes.items() if value is not None)
        yield replace(make(
            f"newInstance.{name}", "newInstance", _accepted(changes),
            Text(en=f"An order with {sent_fields} is accepted", zh=f"带有{sent_fields}的订单被接受"),
            Text(en="resultCode 000000: read what the product has, and pass over the rest", zh="返回000000：读取商品具有的参数，忽略其余参数"),
        ), spec="saas-v1-license A2.1")  # fmt: skip


def _accepted(changes: Mapping[str, object]) -> Body:
    def body(caller: Caller) -> None:
        caller.instance(keep=True)
        answer = caller.send(caller.changed(caller.samples.create(), changes))
        caller.note_created(answer)
        name = "fixed_parameter_list" if answer.code == NOT_AUTHENTIC else "refuses_optional_parameter"
        expect_accepted(answer, name)

    return body
