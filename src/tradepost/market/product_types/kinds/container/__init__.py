"""Container: a service package, like a Helm chart, that the buyer installs in a cluster (business-rules §2.1, §2.5)."""

from tradepost.market.product_types.contract import DeliveredBy, ProductType
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="CONTAINER",
    title=Text(en="Container", zh="容器"),
    summary=Text(
        en="A service package that the buyer installs in a cluster.",
        zh="用户部署到容器集群的服务包。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.PERIOD,),
    steps={},
    icon="box",
    delivery=DeliveredBy.FILE,
    # "make and upload a service package first": the upload comes with the asset center.
    undeliverable=Text(
        en="This market does not keep and scan service packages yet.",
        zh="本商店暂不支持服务包的存放与安全扫描。",
    ),
    proofs=(SOFTWARE_COPYRIGHT,),
)
