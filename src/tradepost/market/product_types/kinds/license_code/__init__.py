"""License by authorisation code: the market makes a code, the buyer takes it, the seller's software activates it at the market's
open API and asks about it once a day of use (saas-v1-license B2). Paid time begins with the activation (business-rules §2.10).

Its production interface is optional: what becomes of a code is told to sellers that saved debug cases for it.
"""

from tradepost.market.product_types.acceptance import REVIEW, SUPERVISED_CODE, supervised_alone
from tradepost.market.product_types.contract import DeliveredBy, Gives, ProductType, Supervision
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="LICENSE_CODE",
    title=Text(en="License, authorisation code", zh="License（授权码）"),
    summary=Text(
        en="Software that asks this market whether the code that the buyer typed may be used.",
        zh="用户领取授权码，软件通过商店开放接口激活并校验授权码。",
    ),
    family="license",
    protocols=("license_code",),
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={},
    gives=Gives.CODE,
    icon="license",
    delivery=DeliveredBy.CODE,
    multi_sku=True,
    # §2.10: its money is held until the software has activated it; preparation and proof are a seller's choice (0068).
    supervision=Supervision.ALWAYS,
    flow_if_wanted="license_code",
    fields=(SUPERVISED_CODE, REVIEW),
    proofs=(SOFTWARE_COPYRIGHT,),
    rules=(supervised_alone,),
)
