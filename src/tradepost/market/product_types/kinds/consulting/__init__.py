"""Consulting: advice, sold once and accepted by the buyer (business-rules §2.1, international site)."""

from tradepost.market.product_types.acceptance import REVIEW
from tradepost.market.product_types.contract import Answer, DeliveryMethod, ProductType, Question, Supervision
from tradepost.market.product_types.milestones import QUESTIONS as MILESTONES
from tradepost.market.product_types.milestones import check_milestones
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

KIND = ProductType(
    code="CONSULTING",
    title=Text(en="Consulting", zh="咨询服务"),
    summary=Text(
        en="Advice by people, sold once, that the buyer accepts.",
        zh="由顾问提供的一次性咨询服务，用户验收。",
    ),
    protocols=(),
    charging_modes=(ChargingMode.ONE_TIME,),
    steps={},
    icon="messages",
    delivery=DeliveryMethod.PERSON,
    supervision=Supervision.ALWAYS,
    flow="demand",
    fields=(
        Question(
            code="delivery_days",
            buyers_read=True,
            label=Text(en="Delivered within (working days)", zh="交付时限（工作日）"),
            section="2.3",
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
