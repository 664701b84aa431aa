"""AI asset: a model, an algorithm or a skill that the buyer subscribes to (business-rules §2.1, §2.5)."""

from collections.abc import Iterator

from tradepost.market.product_types.contract import (
    Answer,
    AssetKind,
    DeliveryMethod,
    DeliveryResult,
    Fault,
    ProductType,
    Question,
    Step,
)
from tradepost.market.product_types.facts import ProductFacts, Template
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode, Create
from tradepost.protocols.text import Text

NODES = frozenset({"compute_node", "compute_node_count"})


def check_dimension(product: ProductFacts) -> Iterator[Fault]:
    """§2.5: "one metering dimension only (time or compute nodes) else rejected; custom template only with compute
    node count and compute node". Time is the simple template."""
    for spec in product.specs:
        if spec.template is Template.CUSTOM and set(spec.attributes) - NODES:
            yield Fault(
                code="ai.attributes",
                field="specs",
                words=Text(
                    en=f"“{spec.name}” may be priced by compute node and compute node count only.",
                    zh=f"规格“{spec.name}”的自定义模板只能使用“计算节点”和“计算节点数”。",
                ),
                rule="2.5",
            )
    if len({spec.template for spec in product.specs}) > 1:
        yield Fault(
            code="ai.dimensions",
            field="specs",
            words=Text(
                en="An AI asset is priced either by time or by compute nodes, in all of its specifications.",
                zh="AI 资产只能有一个计量维度：时长或计算节点。",
            ),
            rule="2.5",
        )


KIND = ProductType(
    code="AI_ASSET",
    title=Text(en="AI asset", zh="AI 资产"),
    summary=Text(
        en="A model, an algorithm or a skill that the buyer downloads in every version while the service is active.",
        zh="模型、算法或技能文件，用户在服务有效期内可下载其各个版本。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={"NEW": (Step(Create),)},
    gives=DeliveryResult.FILES,
    icon="brain",
    delivery=DeliveryMethod.FILE,
    asset_kinds=(AssetKind.FILE,),
    scanned_clean=True,
    multi_sku=True,  # §3.4 does not list it, but §2.5 has compute node × compute node count
    fields=(
        Question(
            code="asset_kind",
            buyers_read=True,
            label=Text(en="Type", zh="资产类型"),
            section="2.1",
            answer=Answer.CHOICE,
            choices=(
                ("model", Text(en="model", zh="模型")),
                ("algorithm", Text(en="algorithm", zh="算法")),
                ("skill", Text(en="skill", zh="技能")),
            ),
        ),
    ),
    proofs=(SOFTWARE_COPYRIGHT,),
    rules=(check_dimension,),
)
