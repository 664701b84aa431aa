"""Manual service: work that people do for the buyer, without software (business-rules §2.1, §2.5, §2.10)."""

from tradepost.market.product_types.acceptance import REVIEW
from tradepost.market.product_types.contract import Answer, DeliveryMethod, ProductType, Question, Supervision
from tradepost.market.product_types.milestones import QUESTIONS as MILESTONES
from tradepost.market.product_types.milestones import check_milestones
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="MANUAL_SERVICE",
    title=Text(en="Manual service", zh="人工服务"),
    summary=Text(
        en="People do something for the buyer, who says what is wanted and accepts what was done.",
        zh="由人员提供的服务：用户提交需求，商家实施，用户验收。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.ONE_TIME, ChargingMode.PERIOD),
    steps={},
    icon="headset",
    delivery=DeliveryMethod.PERSON,
    multi_sku=True,  # §3.4
    supervision=Supervision.ALWAYS,
    flow="demand",
    # §2.5: "name, version, logo, service flow, delivery SLA, demand template; multi-SKU allowed".
    fields=(
        Question(
            code="version",
            buyers_read=True,
            label=Text(en="Version", zh="版本"),
            section="2.5",
            most=50,
        ),
        # §2.3: "standard flow (default), site-building flow, joint base flow".
        Question(
            code="service_flow",
            buyers_read=True,
            label=Text(en="Steps of the service", zh="服务流程"),
            section="2.3",
            answer=Answer.CHOICE,
            choices=(
                ("standard", Text(en="standard", zh="标准流程")),
                ("site_building", Text(en="building a web site", zh="建站流程")),
                ("joint_base", Text(en="joint base", zh="联营基地流程")),
            ),
        ),
        Question(
            code="delivery_days",
            buyers_read=True,
            label=Text(en="Delivered within (working days)", zh="交付时限（工作日）"),
            section="2.5",
            answer=Answer.NUMBER,
            least=1,
            most=365,
        ),
        Question(
            code="acceptance",
            buyers_read=True,
            label=Text(en="What the buyer checks before accepting", zh="验收标准"),
            section="2.3",
            answer=Answer.TEXT,
            most=2000,
            translated=True,
        ),
        REVIEW,
        *MILESTONES,
    ),
    rules=(check_milestones,),
)
