"""AI asset: a model, an algorithm or a skill that the buyer subscribes to (business-rules §2.1, §2.5)."""

from collections.abc import Iterator

from tradepost.market.product_types.contract import Answer, DeliveredBy, Fault, ProductType, Question
from tradepost.market.product_types.facts import ProductFacts, Template
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

NODES = frozenset({"compute_node", "compute_node_count"})


def one_dimension(product: ProductFacts) -> Iterator[Fault]:
    """§2.5: "one metering dimension only (time or compute nodes) else rejected; custom template only with compute node
    count and compute node". Time is the simple template."""
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
        en="A model, an algorithm or a skill that the buyer subscribes to.",
        zh="供用户订阅的模型、算法或技能。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={},
    icon="brain",
    delivery=DeliveredBy.FILE,
    undeliverable=Text(
        en="This market is not connected to a platform yet that runs models and algorithms.",
        zh="本商店尚未对接可运行模型与算法的 AI 平台。",
    ),
    multi_sku=True,  # §3.4 names it not, but §2.5 has compute node × compute node count
    fields=(
        Question(
            code="asset_kind",
            label=Text(en="What it is", zh="资产类型"),
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
    rules=(one_dimension,),
)
