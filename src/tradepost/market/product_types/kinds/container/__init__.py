"""Container: a service package, like a Helm chart, that the buyer installs in a cluster (business-rules §2.1, §2.5)."""

from tradepost.market.product_types.contract import AssetKind, DeliveredBy, ProductType
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
    # §2.5: "make and upload a service package first".
    asset_kinds=(AssetKind.PACKAGE,),
    undeliverable=Text(
        en="This market keeps and scans service packages, but cannot hand them to buyers yet.",
        zh="本商店可存放并扫描服务包，但暂不能将其交付给用户。",
    ),
    proofs=(SOFTWARE_COPYRIGHT,),
)
