"""License handed over outside of this market; the buyer accepts it here, without submitting a demand (business-rules
§2.5, §2.10)."""

from tradepost.market.product_types.contract import DeliveryMethod, DeliveryResult, ProductType, Supervision
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="LICENSE_OFFLINE",
    title=Text(en="License, delivered offline", zh="License（线下交付）"),
    summary=Text(
        en="You hand over software and license yourself; the buyer accepts them here.",
        zh="商家线下交付软件与 License，用户在商店验收。",
    ),
    family="license",
    protocols=(),
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={},
    gives=DeliveryResult.LICENSE,
    icon="license",
    delivery=DeliveryMethod.PERSON,
    multi_sku=True,
    supervision=Supervision.ALWAYS,
    flow="handover",
    proofs=(SOFTWARE_COPYRIGHT,),
)
