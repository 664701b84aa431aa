"""Creates instances at the seller and waits until they are ready, like a market after an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Command, Create, Query
from tradepost.protocols.text import Text

from .answers import NOT_AUTHENTIC, PROCESSING, Answer, expect_readable
from .instance_pool import CreatedInstance, usable_id
from .outcomes import Blocked, Failed, Skipped
from .results import NO_TEXT

if TYPE_CHECKING:
    from .requester import Requester

REFUSED_LATER = "refused_after_processing"
KEY_HINT = Text(en=" — is the key right?", zh="——密钥是否正确？")


def create_instances(requester: Requester, number: int) -> list[CreatedInstance]:
    """Create instances and wait until they are ready; return at least one. The exchanges are not part of the check."""
    if not requester.target.has(Create):
        raise Skipped(Text(en="this version has no creation of instances", zh="该版本没有创建实例的接口"))
    side_requester = requester.aside()
    orders = [side_requester.samples.order() for _ in range(number)]
    commands = [side_requester.samples.create(order) for order in orders]
    try:
        # The first one alone: if it is refused, one request is enough.
        first_answer = side_requester.create(commands[0])
        _usable(first_answer)
        answers = [first_answer, *side_requester.each(side_requester.create, commands[1:])]
    except Failed as reason:
        if reason.name != REFUSED_LATER:
            raise
        raise _refused_later(reason.seen) from None
    usable_answers = [
        (CreatedInstance(answer.instance_id, order, command.purchase.expires_at if command.purchase else None), command)
        for answer, order, command in zip(answers, orders, commands, strict=True)
        if answer.accepted and usable_id(answer.instance_id)
    ]
    last_answers = _wait(side_requester, usable_answers)
    if first_answer.code == PROCESSING and last_answers[0].refused:
        raise _refused_later(last_answers[0].describe())
    return [instance for instance, _ in usable_answers]


def _refused_later(observation: Text) -> Blocked:
    return Blocked(
        Text(
            en=f"an order that was accepted with 000004 was refused afterwards ({observation.en})",
            zh=f"以000004接受的订单随后被拒绝（{observation.zh}）",
        ),
        REFUSED_LATER,
    )


def _wait(requester: Requester, created_instances: Sequence[tuple[CreatedInstance, Create]]) -> list[Answer]:
    """Wait until all are ready, by queries or, in versions without them, by repeated creations; return the last
    answers."""
    queries = requester.target.has(Query)
    probes: list[Command] = [
        Query(instance_ids=(instance.instance_id,)) if queries else command for instance, command in created_instances
    ]
    return requester.each(requester.wait_for, probes)


def _usable(answer: Answer) -> None:
    try:
        expect_readable(answer)
    except Failed as reason:
        raise Blocked(
            Text(
                en=f"an instance is needed, and creating one failed ({reason.seen.en})",
                zh=f"需要一个实例，但创建失败（{reason.seen.zh}）",
            ),
        ) from None
    if answer.accepted and not usable_id(answer.instance_id):
        raise Blocked(
            Text(
                en="an instance is needed, and the id that came cannot be used in other calls",
                zh="需要一个实例，但返回的instanceId无法用于其他调用",
            ),
        )
    if not answer.accepted:
        description = answer.describe()
        explanation = KEY_HINT if answer.code == NOT_AUTHENTIC else NO_TEXT
        raise Blocked(
            Text(
                en=f"an instance is needed, and creating one was refused ({description.en}){explanation.en}",
                zh=f"需要一个实例，但创建被拒绝（{description.zh}）{explanation.zh}",
            ),
        )
