"""Image: a system disk, made from a public image of the cloud, from which a buyer's server starts (business-rules
§2.5, §5)."""

from collections.abc import Iterator

from tradepost.market.product_types.contract import (
    Answer,
    AssetKind,
    DeliveryMethod,
    Fault,
    ProductType,
    Question,
    RefundRight,
    Step,
)
from tradepost.market.product_types.facts import ProductFacts
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode, Create
from tradepost.protocols.text import Text


def check_hourly_price(product: ProductFacts) -> Iterator[Fault]:
    """§5: a period image prepays the on-demand image of the same spec, which is billed hourly while its server is
    healthy."""
    for spec in product.specs:
        if ChargingMode.ON_DEMAND not in spec.modes:
            yield Fault(
                code="image.on_demand",
                field="specs",
                words=Text(
                    en=f"“{spec.name}” needs a price on demand: a period image only wraps that, and what runs on after its "
                    "end is billed by the hour.",
                    zh=f"规格“{spec.name}”须设置按需价格：包周期镜像是对按需镜像的预付，到期后仍在运行的云服务器按小时计费。",
                ),
                rule="5",
            )
        elif spec.cycles.count("hour") != len(spec.cycles) or len(spec.cycles) != len(set(spec.cycles)):
            yield Fault(
                code="image.hourly",
                field="specs",
                words=Text(
                    en=f"“{spec.name}” must have one factor, the hour, charged each hour: the market counts the hours in "
                    "which the server is healthy.",
                    zh=f"规格“{spec.name}”的按需价格只能有一个计费因子“小时”，并按小时计费：由商店统计云服务器健康运行的时长。",
                ),
                rule="5",
            )


KIND = ProductType(
    code="IMAGE",
    title=Text(en="Image", zh="镜像"),
    summary=Text(
        en="A system disk with your software, from which the buyer's server starts.",
        zh="预装软件的系统盘镜像，用户用它创建云服务器。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.ON_DEMAND, ChargingMode.PERIOD),  # §2.1: hourly, postpaid; month, year
    steps={"NEW": (Step(Create),)},
    icon="disc",
    delivery=DeliveryMethod.COMPUTE,
    returns={ChargingMode.PERIOD: RefundRight.UNUSED},
    ends_at_once=True,
    order_notices=False,
    asset_kinds=(AssetKind.IMAGE,),
    rules=(check_hourly_price,),
    undeliverable=Text(
        en="This market has no cloud behind it yet that could start servers from images.",
        zh="本商店尚未对接可用镜像创建云服务器的云平台。",
    ),
    fields=(
        Question(
            code="operating_system",
            buyers_read=True,
            label=Text(en="Operating system", zh="操作系统"),
            help=Text(en="Name and version, for example Ubuntu 24.04.", zh="名称与版本，例如 Ubuntu 24.04。"),
            section="2.5",
            most=100,
        ),
        # §2.5: "public base image recommended": only recommended, so any answer is accepted.
        Question(
            code="base_image",
            label=Text(en="Made from", zh="镜像来源"),
            section="2.5",
            answer=Answer.CHOICE,
            choices=(
                ("public", Text(en="a public image of the cloud (recommended)", zh="云平台公共镜像（推荐）")),
                ("own", Text(en="an image of your own", zh="自有镜像")),
            ),
        ),
        Question(
            code="size_gb",
            buyers_read=True,
            label=Text(en="Size of the system disk, in GB", zh="系统盘大小（GB）"),
            section="2.5",
            answer=Answer.NUMBER,
            least=1,
            most=128,
        ),
        Question(
            code="flavour",
            buyers_read=True,
            label=Text(en="Recommended server", zh="推荐规格"),
            help=Text(en="CPUs and memory that it needs.", zh="运行所需的 CPU 与内存。"),
            section="2.5",
            most=100,
        ),
        # §2.3: the guide of an image names ports and login; the security group opens the ports.
        Question(
            code="ports",
            buyers_read=True,
            label=Text(en="Ports that must be open", zh="需要开放的端口"),
            help=Text(en="For the security group, for example TCP 443.", zh="用于安全组配置，例如 TCP 443。"),
            section="2.3",
            required=False,
        ),
    ),
    proofs=(SOFTWARE_COPYRIGHT,),
)
