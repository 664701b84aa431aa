"""What an intent is called in a protocol: the only place where protocols differ, by their ``life`` (saas-v2 §3.4, §3.5,
saas-v1-license A2.4–A2.7, B1)."""

from __future__ import annotations

from tradepost.market.subscriptions.models import Freeze as Frozen
from tradepost.protocols.commands import Command, Expire, InstanceStatus, SetStatus
from tradepost.protocols.commands import Release as ReleaseCommand

from .contract import Ask, Freeze, Held, Implied, Intent, Release, Thaw, Unable


def speak(intent: Intent, held: Held) -> Command | Implied | Unable:
    """The command; ``Implied`` when a command of before has said it; ``Unable`` when there is no word for it."""
    command = _said(intent, held)
    if isinstance(command, Command) and type(command) not in held.protocol.activities:
        return Unable()
    return command


def _said(intent: Intent, held: Held) -> Command | Implied | Unable:
    match intent:
        case Ask():
            return intent.command
        case Freeze():
            return _freeze(intent, held)
        case Thaw():
            if held.charging.mode in held.protocol.life.refresh_thaws:
                return Implied()
            by = held.protocol.life.freezes_by.get(held.charging.mode)
            if by is None:
                return Unable()
            return SetStatus(instance_id=held.instance_id, status=InstanceStatus.UNFREEZE)
        case Release():
            named = intent.order_id or (held.purchase_order if held.protocol.life.release_names_purchase else "")
            return ReleaseCommand(instance_id=intent.instance_id, order_id=named, order_line_id=intent.order_line_id)


def _freeze(intent: Freeze, held: Held) -> Command | Unable:
    """An ``Expire`` says that the paid time is over, and nothing else: only the market keeps to other reasons there."""
    by = held.protocol.life.freezes_by.get(held.charging.mode)
    if by is Expire and intent.reason == Frozen.Reason.EXPIRED:
        return Expire(instance_id=held.instance_id, order_id=held.purchase_order)
    if by is SetStatus:
        return SetStatus(instance_id=held.instance_id, status=InstanceStatus.FREEZE)
    return Unable()


def can_freeze(reasons: frozenset[str], held: Held) -> str:
    """The first of these reasons of which the seller can be told; empty when there is none."""
    for reason in sorted(reasons):
        if isinstance(speak(Freeze(reason=reason), held), Command):
            return reason
    return ""


def can_thaw(held: Held) -> bool:
    return isinstance(speak(Thaw(), held), Command)
