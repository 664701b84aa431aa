"""SaaS: an instance at the seller's server, created after payment, reached at an address with an account."""

from tradepost.market.product_types.contract import ProductType, Step
from tradepost.protocols.commands import ChargingMode, Create, Query
from tradepost.protocols.text import Text

KIND = ProductType(
    code="SAAS",
    title=Text(en="SaaS", zh="SaaS"),
    protocols=("saas_v2", "saas_v1"),
    # Both versions carry all four: 2.0 by the order query, 1.0 by chargingMode and instanceStatus (saas-v2 §1.4,
    # saas-v1-license A2).
    charging_modes=(
        ChargingMode.PERIOD,
        ChargingMode.ONE_TIME,
        ChargingMode.ON_DEMAND,
        ChargingMode.ON_DEMAND_PKG,
    ),
    steps={"NEW": (Step(Create), Step(Query, until_access=True))},
    # There newInstance answers the access data itself, again and again; queryInstance may be missing for what is sold
    # by period or once (saas-v1-license A2, A2.2).
    steps_over={"saas_v1": {"NEW": (Step(Create), Step(Create, until_access=True))}},
    one_line_over=frozenset({"saas_v1"}),
    icon="cloud",
)
