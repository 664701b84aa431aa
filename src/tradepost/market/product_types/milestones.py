"""Milestones: parts of a delivery by people that the buyer accepts one by one, each with its share of the price
(business-rules §2.10; joint.md §4). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.protocols.text import Text

from .contract import Answer, Fault, Question
from .facts import ProductFacts

MAX_MILESTONES = 5
MAX_NAME_LENGTH = 64
MAX_WEIGHT = 1000
HEADING = Text(en="Milestones", zh="里程碑")
DESCRIPTION = Text(
    en="Leave them empty, or name two to five parts of the delivery. The buyer accepts each one on its own; what was accepted is "
    "not paid back any more. Weights share the price: 50, 30, 20, for example.",
    zh="可不填；如需分阶段验收，请填写 2 至 5 个里程碑，用户逐个验收，已验收部分不再退款。价款按权重分摊，例如 50、30、20。",
)  # fmt: skip


def _questions(number: int) -> tuple[Question, Question]:
    return (
        Question(
            code=f"milestone_{number}",
            label=Text(en=f"Milestone {number}", zh=f"里程碑 {number}"),
            section="2.10", most=MAX_NAME_LENGTH, required=False, translated=True, heading=HEADING, about=DESCRIPTION,
        ),
        Question(
            code=f"milestone_{number}_weight",
            label=Text(en=f"Weight of milestone {number}", zh=f"里程碑 {number} 的权重"),
            section="2.10", answer=Answer.NUMBER, least=1, most=MAX_WEIGHT, required=False, heading=HEADING, about=DESCRIPTION,
        ),
    )  # fmt: skip


QUESTIONS = tuple(question for number in range(1, MAX_MILESTONES + 1) for question in _questions(number))


class Milestone(Struct, frozen=True):
    """``weight``: its share of the price, relative to the other weights."""

    name: Text
    weight: int


def milestones_of(answers: Mapping[str, str]) -> tuple[Milestone, ...]:
    """Return the milestones of a product in order; none if its delivery is accepted as a whole. Expects valid
    answers."""
    milestones = []
    for number in range(1, MAX_MILESTONES + 1):
        zh, en, weight = _values(answers, number)
        if zh and en and weight:
            milestones.append(Milestone(Text(zh=zh, en=en), weight))
    return tuple(milestones)


def _values(answers: Mapping[str, str], number: int) -> tuple[str, str, int | None]:
    code = f"milestone_{number}"
    zh, en = answers.get(code, "").strip(), answers.get(f"{code}_en", "").strip()
    return zh, en, whole_number(answers.get(f"{code}_weight", "").strip(), digits=4)


def check_milestones(product: ProductFacts) -> Iterator[Fault]:
    """§2.10: each milestone has a name in both languages and a weight; there are none, or at least two."""
    for number in range(1, MAX_MILESTONES + 1):
        values = _values(product.answers, number)
        if any(values) and not all(values):
            yield Fault(
                code="milestones.incomplete",
                field=f"milestone_{number}",
                words=Text(
                    en=f"Milestone {number} needs a name in both languages and a weight.",
                    zh=f"里程碑 {number} 需填写中英文名称和权重。",
                ),
                rule="2.10",
            )
    if len(milestones_of(product.answers)) == 1:
        yield Fault(
            code="milestones.one",
            field="milestone_1",
            words=Text(
                en="One milestone alone is the whole delivery: name two at least, or none.",
                zh="只有一个里程碑等同于整单验收：请至少填写两个，或全部留空。",
            ),
            rule="2.10",
        )
