"""License: the right to use software that runs at the buyer's, as a text that the seller's server makes.

Over ``license_v1`` getLicense answers the text, which the buyer reads on the page (saas-v1-license B1). Over
``license_online`` newInstance opens an instance under which the buyer applies for a license of each machine, so that an order
is delivered when the instance is there (B3).
"""

from tradepost.market.product_types.contract import Gives, ProductType, Step
from tradepost.protocols.commands import ChargingMode, Create
from tradepost.protocols.text import Text

KIND = ProductType(
    code="LICENSE",
    title=Text(en="License", zh="License"),
    protocols=("license_v1", "license_online"),
    # A license counts no usage: the platform sells it by period and once (business-rules §2.1), and neither protocol has
    # a query that could answer any (saas-v1-license B1, B3).
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={"NEW": (Step(Create),)},
    one_line_over=frozenset({"license_v1"}),
    gives=Gives.LICENSE,
    icon="license",
)
