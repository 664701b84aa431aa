"""License by authorisation code: the market issues a code, the buyer claims it, and the seller's software activates
it at the market's open API and verifies it daily (saas-v1-license B2). Paid time begins with the activation
(business-rules §2.10).

The production interface is optional: sellers who saved debug cases are notified of activations."""

from tradepost.market.product_types.acceptance import REVIEW, SUPERVISED_CODE, check_supervised_charging
from tradepost.market.product_types.contract import DeliveryMethod, DeliveryResult, ProductType, Supervision
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
    gives=DeliveryResult.CODE,
    icon="license",
    delivery=DeliveryMethod.CODE,
    multi_sku=True,
    # §2.10: the money is held until the software has activated it; preparation and proof are a seller's choice
    # (0068).
    supervision=Supervision.ALWAYS,
    flow_if_wanted="license_code",
    fields=(SUPERVISED_CODE, REVIEW),
    proofs=(SOFTWARE_COPYRIGHT,),
    rules=(check_supervised_charging,),
)
