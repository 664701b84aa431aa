"""Container: a service package, like a Helm chart, that the buyer installs in a cluster (business-rules §2.1,
§2.5)."""

from tradepost.market.product_types.contract import AssetKind, DeliveryMethod, DeliveryResult, ProductType, Supervision
from tradepost.market.product_types.image_manifest import QUESTIONS, check_images
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="CONTAINER",
    title=Text(en="Container", zh="容器"),
    summary=Text(
        en="A service package and a manifest of container images by digest, which the buyer installs in a cluster.",
        zh="服务包和按摘要列出容器镜像的清单，由用户部署到容器集群。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.PERIOD,),
    steps={},
    gives=DeliveryResult.MANIFEST,
    icon="box",
    delivery=DeliveryMethod.FILE,
    # §2.5: "make and upload a service package first".
    asset_kinds=(AssetKind.PACKAGE,),
    # §2.1 leaves it open; the buyer confirms, as with a license package (§2.10).
    supervision=Supervision.ALWAYS,
    flow="deploy",
    fields=QUESTIONS,
    proofs=(SOFTWARE_COPYRIGHT,),
    rules=(check_images,),
)
