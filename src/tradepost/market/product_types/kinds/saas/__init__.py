"""SaaS: an instance at the seller's server, created after payment, reached at an address with an account."""

from tradepost.market.product_types.contract import ProductType, Step
from tradepost.protocols.commands import ChargingMode, Create, Query

KIND = ProductType(
    code="SAAS",
    title="SaaS",
    title_zh="SaaS",
    protocols=("saas_v2", "saas_v1"),
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={"NEW": (Step(Create), Step(Query, until_access=True))},
    icon="cloud",
)
