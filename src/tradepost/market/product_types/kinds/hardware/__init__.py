"""Hardware: goods that a carrier delivers; sold by number from a stock (business-rules §2.5, §2.10, §3.7)."""

from tradepost.market.product_types.contract import DeliveryMethod, ProductType, Supervision
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="HARDWARE",
    title=Text(en="Hardware", zh="硬件"),
    summary=Text(
        en="Goods that a carrier brings to the buyer, sold out of a stock.",
        zh="由物流配送的实物商品，按库存出售。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.ONE_TIME,),
    steps={},
    icon="truck-delivery",
    delivery=DeliveryMethod.COURIER,
    supervision=Supervision.ALWAYS,
    flow="shipping",
    stock=True,
)
