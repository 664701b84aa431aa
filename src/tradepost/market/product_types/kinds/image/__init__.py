"""Image: a system disk, made from a public image of the cloud, that a server of the buyer's starts with (business-rules §2.5, §5)."""

from tradepost.market.product_types.contract import Answer, AssetKind, DeliveredBy, ProductType, Question
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="IMAGE",
    title=Text(en="Image", zh="镜像"),
    summary=Text(
        en="A system disk with your software, from which the buyer's server starts.",
        zh="预装软件的系统盘镜像，用户用它创建云服务器。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.ON_DEMAND, ChargingMode.PERIOD),  # §2.1: hourly, postpaid; month, year
    steps={},
    icon="disc",
    delivery=DeliveredBy.COMPUTE,
    asset_kinds=(AssetKind.IMAGE,),
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
        # §2.5: "public base image recommended": only recommended, so any answer is taken.
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
        # §2.3: the guide of an image names ports and login; the security group opens them.
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
