"""Creates instances at the seller and waits until they are ready, as a market does after an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Command, Create, Query
from tradepost.protocols.text import Text

from .answers import NOT_AUTHENTIC, PROCESSING, Answer, readable
from .instance_pool import CreatedInstance, usable_id
from .outcomes import Blocked, Failed, Skipped
from .results import NOTHING

if TYPE_CHECKING:
    from .requester import Requester

REFUSED_LATER = "refused_after_processing"
KEY_RIGHT = Text(en=" — is the key right?", zh="——密钥是否正确？")


def create_instances(requester: Requester, number: int) -> list[CreatedInstance]:
    """Created and ready; at least one. What was exchanged for it is no part of the check."""
    if not requester.target.has(Create):
        raise Skipped(Text(en="this version has no creation of instances", zh="该版本没有创建实例的接口"))
    aside = requester.aside()
    orders = [aside.samples.order() for _ in range(number)]
    commands = [aside.samples.create(order) for order in orders]
    try:
        # The first alone: when it is refused, one request is enough to know it.
        first = aside.create(commands[0])
        _usable(first)
        answers = [first, *aside.each(aside.create, commands[1:])]
    except Failed as reason:
        if reason.name != REFUSED_LATER:
            raise
        raise _refused_later(reason.seen) from None
    good = [
        (CreatedInstance(answer.instance_id, order, command.purchase.expires_at if command.purchase else None), command)
        for answer, order, command in zip(answers, orders, commands, strict=True)
        if answer.accepted and usable_id(answer.instance_id)
    ]
    last = _wait(aside, good)
    if first.code == PROCESSING and last[0].refused:
        raise _refused_later(last[0].describe())
    return [made for made, _ in good]


def _refused_later(seen: Text) -> Blocked:
    return Blocked(
        Text(
            en=f"an order that was accepted with 000004 was refused afterwards ({seen.en})",
            zh=f"以000004接受的订单随后被拒绝（{seen.zh}）",
        ),
        REFUSED_LATER,
    )


def _wait(requester: Requester, made: Sequence[tuple[CreatedInstance, Create]]) -> list[Answer]:
    """Until all are ready: by query, or by repeating the creation where a version has no query; gives the last answers."""
    queries = requester.target.has(Query)
    probes: list[Command] = [Query(instance_ids=(one.instance_id,)) if queries else command for one, command in made]
    return requester.each(requester.wait_for, probes)


def _usable(answer: Answer) -> None:
    try:
        readable(answer)
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
        told = answer.describe()
        why = KEY_RIGHT if answer.code == NOT_AUTHENTIC else NOTHING
        raise Blocked(
            Text(
                en=f"an instance is needed, and creating one was refused ({told.en}){why.en}",
                zh=f"需要一个实例，但创建被拒绝（{told.zh}）{why.zh}",
            ),
        )
