"""Container: a service package, like a Helm chart, that the buyer installs in a cluster (business-rules §2.1, §2.5)."""

from tradepost.market.product_types.contract import AssetKind, DeliveredBy, ProductType, Supervision
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
    # §2.1 leaves it open; the buyer confirms, as with a license package (§2.10).
    supervision=Supervision.ALWAYS,
    flow="deploy",
    proofs=(SOFTWARE_COPYRIGHT,),
)
