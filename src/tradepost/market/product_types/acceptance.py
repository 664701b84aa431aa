"""What kinds that people deliver ask about the acceptance (business-rules §2.10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tradepost.protocols.text import Text

from .charging import charging
from .contract import YES, Answer, Fault, ProductType, Question
from .facts import ProductFacts

REVIEW = Question(
    code="acceptance_review",
    label=Text(
        en="Should an operator look at each delivery before its buyer accepts it?",
        zh="用户验收前是否由运营经理复核交付材料？",
    ),
    section="2.10",
    answer=Answer.YES_NO,
    required=False,
    buyers_read=True,
)
REVIEWED = YES
"""The answer by which one does."""
SUPERVISED = Question(
    code="supervised",
    label=Text(
        en="Should the buyer accept the delivery before you are paid?", zh="是否启用服务监管（用户验收后才结算货款）？"
    ),
    section="2.10",
    help=Text(
        en="For what you prepare for each buyer. The buyer says what is wanted, you confirm and prepare it, the buyer accepts; only "
        "then your interface is asked to open it. There is no refund without a reason then.",
        zh="适用于需逐单实施的商品：用户提交需求，您确认并实施，用户验收后才调用生产接口开通。启用后不再适用无理由退款。",
    ),
    answer=Answer.YES_NO,
    required=False,
    buyers_read=True,
)


def flow_of(kind: ProductType, answers: Mapping[str, str]) -> str:
    """The flow in which people deliver such a product; empty where nobody supervises it."""
    return kind.flow or (kind.flow_if_wanted if answers.get(SUPERVISED.code) == YES else "")


def supervised_alone(product: ProductFacts) -> Iterator[Fault]:
    """§2.10, §4.7: what is accepted once is paid once or by period, and a trial costs nothing that could be held."""
    if product.answers.get(SUPERVISED.code) != YES:
        return
    for spec in product.specs:
        if any(charging(mode).metered for mode in spec.modes) or spec.trial:
            yield Fault(
                code="supervised.mode",
                field="specs",
                words=Text(
                    en=f"“{spec.name}” is charged by usage or has a trial: a supervised delivery is sold by period or once.",
                    zh=f"规格“{spec.name}”按需计费或提供试用，启用服务监管的商品只能按周期或一次性出售。",
                ),
                rule="2.10",
            )
