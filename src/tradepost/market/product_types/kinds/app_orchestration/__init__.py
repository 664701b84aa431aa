"""Application orchestration: an integration asset that the seller sets up for the buyer (business-rules §2.1,
§2.10)."""

from tradepost.market.product_types.contract import DeliveryMethod, DeliveryResult, ProductType, Question, Supervision
from tradepost.market.product_types.image_manifest import QUESTIONS, check_images
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="APP_ORCHESTRATION",
    title=Text(en="Application orchestration", zh="应用编排"),
    summary=Text(
        en="An integration asset that you set up for the buyer, with a manifest of its container images.",
        zh="由商家为用户实施的应用集成资产，并提供容器镜像清单，用户验收。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={},
    gives=DeliveryResult.MANIFEST,
    icon="plug-connected",
    delivery=DeliveryMethod.PERSON,
    supervision=Supervision.ALWAYS,
    flow="handover",
    fields=(Question(code="asset_id", label=Text(en="Asset ID", zh="资产 ID"), section="2.1", most=64), *QUESTIONS),
    proofs=(SOFTWARE_COPYRIGHT,),
    rules=(check_images,),
)
