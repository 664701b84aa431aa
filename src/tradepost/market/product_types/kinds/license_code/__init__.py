"""License by authorisation code: the buyer takes a code, the seller's software activates it at the market's open API and asks
about it once a day of use (saas-v1-license B2).
"""

from tradepost.market.product_types.contract import Deal, DeliveredBy, Gives, ProductType, Supervision
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
    protocols=(),
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={},
    gives=Gives.LICENSE,
    icon="license",
    delivery=DeliveredBy.CODE,
    # §2.5: "test auth codes must pass activate and heartbeat"; those two APIs come with the codes.
    undeliverable=Text(
        en="This market does not give out authorisation codes yet: the APIs that activate and check them are still to come.",
        zh="本商店暂不能发放授权码：激活与校验授权码的开放接口尚未提供。",
    ),
    deals=frozenset({Deal.GENERAL, Deal.JOINT}),
    multi_sku=True,
    supervision=Supervision.ALWAYS,  # §2.10: activation passes its node
    proofs=(SOFTWARE_COPYRIGHT,),
)
