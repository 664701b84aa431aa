"""What kinds that people deliver ask about milestones: parts of the delivery that the buyer accepts one by one, each with its share
of the price (business-rules §2.10; joint.md §4). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.protocols.text import Text

from .contract import Answer, Fault, Question
from .facts import ProductFacts

MOST = 5
LONGEST = 64
HEAVIEST = 1000
HEADING = Text(en="Milestones", zh="里程碑")
ABOUT = Text(
    en="Leave them empty, or name two to five parts of the delivery. The buyer accepts each one on its own; what was accepted is "
    "not paid back any more. Weights share the price: 50, 30, 20, for example.",
    zh="可不填；如需分阶段验收，请填写 2 至 5 个里程碑，用户逐个验收，已验收部分不再退款。价款按权重分摊，例如 50、30、20。",
)  # fmt: skip


def _asked(number: int) -> tuple[Question, Question]:
    return (
        Question(
            code=f"milestone_{number}",
            label=Text(en=f"Milestone {number}", zh=f"里程碑 {number}"),
            section="2.10", most=LONGEST, required=False, translated=True, heading=HEADING, about=ABOUT,
        ),
        Question(
            code=f"milestone_{number}_weight",
            label=Text(en=f"Weight of milestone {number}", zh=f"里程碑 {number} 的权重"),
            section="2.10", answer=Answer.NUMBER, least=1, most=HEAVIEST, required=False, heading=HEADING, about=ABOUT,
        ),
    )  # fmt: skip


QUESTIONS = tuple(question for number in range(1, MOST + 1) for question in _asked(number))


class Milestone(Struct, frozen=True):
    """``weight``: its share of the price, beside the weights of the others."""

    name: Text
    weight: int


def declared(answers: Mapping[str, str]) -> tuple[Milestone, ...]:
    """Those of a product, in their order; none where its delivery is accepted at once. Of answers without faults."""
    found = []
    for number in range(1, MOST + 1):
        zh, en, weight = _said(answers, number)
        if zh and en and weight:
            found.append(Milestone(Text(zh=zh, en=en), weight))
    return tuple(found)


def _said(answers: Mapping[str, str], number: int) -> tuple[str, str, int | None]:
    code = f"milestone_{number}"
    zh, en = answers.get(code, "").strip(), answers.get(f"{code}_en", "").strip()
    return zh, en, whole_number(answers.get(f"{code}_weight", "").strip(), digits=4)


def whole_milestones(product: ProductFacts) -> Iterator[Fault]:
    """§2.10: each has a name in both languages and a weight; there are none, or two and more."""
    for number in range(1, MOST + 1):
        said = _said(product.answers, number)
        if any(said) and not all(said):
            yield Fault(
                code="milestones.incomplete",
                field=f"milestone_{number}",
                words=Text(
                    en=f"Milestone {number} needs a name in both languages and a weight.",
                    zh=f"里程碑 {number} 需填写中英文名称和权重。",
                ),
                rule="2.10",
            )
    if len(declared(product.answers)) == 1:
        yield Fault(
            code="milestones.one",
            field="milestone_1",
            words=Text(
                en="One milestone alone is the whole delivery: name two at least, or none.",
                zh="只有一个里程碑等同于整单验收：请至少填写两个，或全部留空。",
            ),
            rule="2.10",
        )
