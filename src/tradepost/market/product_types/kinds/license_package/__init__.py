"""License with a software package: the buyer deploys a package that checks its license itself (business-rules §2.5,
§2.6)."""

from tradepost.market.product_types.contract import (
    Answer,
    AssetKind,
    DeliveryMethod,
    DeliveryResult,
    ProductType,
    Question,
    Supervision,
)
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="LICENSE_PACKAGE",
    title=Text(en="License, software package", zh="License（软件包部署）"),
    summary=Text(
        en="A package that the buyer deploys; it checks its license by itself.",
        zh="用户部署商家的软件包，软件包自带 License 控制。",
    ),
    family="license",
    protocols=(),
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={},
    gives=DeliveryResult.LICENSE,
    icon="license",
    delivery=DeliveryMethod.FILE,
    asset_kinds=(AssetKind.PACKAGE,),
    multi_sku=True,
    supervision=Supervision.ALWAYS,  # §2.10: the buyer confirms after the deployment
    flow="deploy",
    fields=(
        # §2.5: "asset must pass scan and contain license control".
        Question(
            code="license_control",
            buyers_read=True,
            label=Text(en="How the package checks its license", zh="软件包的 License 控制方式"),
            help=Text(
                en="What it asks for, when, and what happens without a license.",
                zh="说明校验内容、校验时机，以及没有 License 时的表现。",
            ),
            section="2.5",
            answer=Answer.TEXT,
            most=2000,
            translated=True,
        ),
    ),
    proofs=(SOFTWARE_COPYRIGHT,),
)
