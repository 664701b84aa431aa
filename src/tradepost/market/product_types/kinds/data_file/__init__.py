"""Data file: a data set at a fixed price, by period or per use, but not both in one specification (business-rules
§2.1, §2.5)."""

from collections.abc import Iterator

from tradepost.market.product_types.contract import (
    AssetKind,
    DeliveryMethod,
    Fault,
    ProductType,
    Proof,
    Supervision,
)
from tradepost.market.product_types.facts import ProductFacts, Template
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text


def check_modes(product: ProductFacts) -> Iterator[Fault]:
    """§2.1: "per-use or period (never both in one spec)"."""
    for spec in product.specs:
        if {ChargingMode.PERIOD, ChargingMode.ONE_TIME} <= spec.modes:
            yield Fault(
                code="data.both_modes",
                field="specs",
                words=Text(
                    en=f"“{spec.name}” is sold by period and per use: of one specification only one is possible.",
                    zh=f"规格“{spec.name}”同时按周期和按次出售，同一规格只能选择一种。",
                ),
                rule="2.1",
            )


KIND = ProductType(
    code="DATA_FILE",
    title=Text(en="Data file", zh="数据文件"),
    summary=Text(
        en="A set of data at a fixed price.",
        zh="按固定价格出售的数据文件。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={},
    icon="database",
    delivery=DeliveryMethod.FILE,
    asset_kinds=(AssetKind.FILE,),  # §2.5: "asset ID", of an asset in the asset center
    templates=frozenset({Template.SIMPLE}),
    supervision=Supervision.ALWAYS,
    flow="demand",
    proofs=(
        Proof(
            code="compliance_letter",
            label=Text(en="Compliance letter", zh="合规承诺函"),
            section="2.5",
            help=Text(
                en="That you may sell these data, signed by your company.",
                zh="承诺数据来源合法、可以出售，并加盖公司公章。",
            ),
        ),
    ),
    rules=(check_modes,),
)
