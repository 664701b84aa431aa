"""Questions about acceptance for kinds of products that people deliver (business-rules §2.10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tradepost.protocols.text import Text

from .charging import charging_of
from .contract import YES, Answer, Fault, ProductType, Question
from .facts import ProductFacts
from .flows.contract import Provision
from .flows.registry import flow

REVIEW = Question(
    code="acceptance_review",
    label=Text(
        en="Should an operator look at each delivery before its buyer accepts it?",
        zh="用户验收前是否由运营人员复核交付材料？",
    ),
    section="2.10",
    answer=Answer.YES_NO,
    required=False,
    buyers_read=True,
)
REVIEWED = YES
"""The answer that turns the review on."""


def supervision_question(about: Text, label: Text) -> Question:
    """Return the question whether deliveries are supervised. ``about``: explains what supervision means for the
    kind."""
    return Question(
        code="supervised", label=label, section="2.10", help=about, answer=Answer.YES_NO, required=False,
        buyers_read=True,
    )  # fmt: skip


ACCEPTANCE_LABEL = Text(
    en="Should the buyer accept the delivery before you are paid?", zh="是否启用服务监管（用户验收后才结算货款）？"
)
SUPERVISED = supervision_question(
    Text(
        en="For what you prepare for each buyer. The buyer says what is wanted, you confirm and prepare it, the buyer accepts; only "
        "then your interface is asked to open it. There is no refund without a reason then.",
        zh="适用于需逐单实施的商品：用户提交需求，您确认并实施，用户验收后才调用生产接口开通。启用后不再适用无理由退款。",
    ),
    ACCEPTANCE_LABEL,
)
SUPERVISED_LICENSE = supervision_question(
    Text(
        en="The buyer enters the code of the machine, your server or you yourself deliver the license, the buyer accepts it. The paid "
        "time begins with the acceptance. It needs the interface of online licenses, which takes such codes.",
        zh="用户提交系统码或硬件码，由生产接口签发或您线下交付 License，用户验收后开始计费。需使用在线开通 License 接口（支持按码申请）。",
    ),
    ACCEPTANCE_LABEL,
)
SUPERVISED_CODE = supervision_question(
    Text(
        en="You prepare each order before its buyer takes the code, and hand in a proof after the software has activated it; you are "
        "paid then. Otherwise a code is there as soon as it is paid, and you are paid with its activation.",
        zh="您先为每个订单实施，用户再领取授权码，软件激活后由您上传证明，之后结算货款。不启用时，付款后即可领取授权码，激活后结算。",
    ),
    Text(
        en="Do you prepare each order, and prove afterwards that it is in use?",
        zh="是否启用服务监管（逐单实施，激活后上传证明再结算货款）？",
    ),
)


def flow_of(kind: ProductType, answers: Mapping[str, str]) -> str:
    """Return the flow in which people deliver the product; empty without supervision."""
    return kind.flow or (kind.flow_if_wanted if answers.get(SUPERVISED.code) == YES else "")


def opens_at_payment(code: str) -> bool:
    """Return whether the buyer can use the delivery while the flow is running. ``code``: of a flow, or empty."""
    return bool(code) and flow(code).provision is Provision.AT_PAYMENT


def check_supervised_charging(product: ProductFacts) -> Iterator[Fault]:
    """§2.10, §4.7: a supervised delivery is sold once or by period, and has no trial: there is no money to hold for
    one."""
    if product.answers.get(SUPERVISED.code) != YES:
        return
    for spec in product.specs:
        if any(charging_of(mode).metered for mode in spec.modes) or spec.trial:
            yield Fault(
                code="supervised.mode",
                field="specs",
                words=Text(
                    en=f"“{spec.name}” is charged by usage or has a trial: a supervised delivery is sold by period or once.",
                    zh=f"规格“{spec.name}”按需计费或提供试用，启用服务监管的商品只能按周期或一次性出售。",
                ),
                rule="2.10",
            )
