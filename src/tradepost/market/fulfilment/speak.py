"""What an intent is called in a protocol: the only place where protocols differ, by their ``life`` (saas-v2 §3.4, §3.5,
saas-v1-license A2.4–A2.7, B1), and what a seller need not have is not asked of it."""

from __future__ import annotations

from tradepost.market.compute.contract import Action
from tradepost.market.subscriptions.models import Freeze as Frozen
from tradepost.protocols.cases import Need, cases_of
from tradepost.protocols.commands import Command, Create, Expire, InstanceStatus, Refresh, Scene, SetStatus
from tradepost.protocols.commands import Release as ReleaseCommand
from tradepost.protocols.contract import Spoken

from .contract import Ask, Await, Freeze, Held, Implied, Intent, OnServer, Release, Sayable, ServerTask, Thaw, Unable

CLOUD, MARKET = "compute", "market"
"""Names of what is spoken to an operator's cloud, and about what people or the market itself deliver (``cloud``)."""


def speak(intent: Intent, held: Held) -> Command | ServerTask | Implied | Unable | Await:
    """The command; ``Implied`` when a command of before has said it; ``Unable`` when there is no word for it. What people or
    the market itself deliver is true by the market's own word."""
    if isinstance(intent, Await):
        return intent
    if held.protocol.name == MARKET:
        return Implied()
    if held.protocol.name == CLOUD:
        return _to_the_cloud(intent, held)
    command = _said(intent, held)
    if isinstance(command, Command) and type(command) not in held.protocol.activities:
        return Unable()
    if isinstance(command, Refresh) and not refreshes(held.protocol, command.scene):
        return Unable()
    if held.optional and isinstance(command, Command) and not _proven(type(command), held):
        return Implied()
    return command


def _to_the_cloud(intent: Sayable, held: Held) -> ServerTask | Implied | Unable:
    """A period image is prepaid and wraps what runs anyway: nobody is asked for anything (business-rules §5)."""
    if held.charging.ends:
        return Implied()
    match intent:
        case Ask(command=Create()):
            return ServerTask(action=Action.CREATE)
        case Freeze():
            return ServerTask(action=Action.STOP)
        case Thaw():
            return ServerTask(action=Action.RESUME)
        case Release():
            return ServerTask(action=Action.RELEASE)
        case OnServer():
            return ServerTask(action=intent.action, image=intent.image, by_buyer=True)
        case Ask():
            return Unable()


def _proven(command: type[Command], held: Held) -> bool:
    """Of an interface that is optional a seller has what it saved a case for; of the rest it learns when it asks the market
    about its code (saas-v1-license B2.2)."""
    return held.proven is None or held.protocol.activities[command] in held.proven


def refreshes(spoken: Spoken, scene: Scene) -> bool:
    """Whether a seller can be told of a new end for this reason (saas-v2 §3.3, saas-v1-license A2.3)."""
    return Refresh in spoken.activities and scene in spoken.life.scenes


def _said(intent: Sayable, held: Held) -> Command | Implied | Unable:
    match intent:
        case Ask():
            return intent.command
        case Freeze():
            return _freeze(intent, held)
        case Thaw():
            if held.refresh_thaws:
                return Implied()
            by = held.protocol.life.freezes_by.get(held.charging.mode)
            if by is None:
                return Unable()
            return SetStatus(instance_id=held.instance_id, status=InstanceStatus.UNFREEZE)
        case Release():
            return _release(intent, held)
        case OnServer():
            return Unable()


def _freeze(intent: Freeze, held: Held) -> Command | Unable:
    """An ``Expire`` says that the paid time is over, and nothing else: only the market keeps to other reasons there."""
    by = held.protocol.life.freezes_by.get(held.charging.mode)
    if by is Expire and intent.reason == Frozen.Reason.EXPIRED:
        return Expire(instance_id=held.instance_id, order_id=held.purchase_order)
    if by is SetStatus and implemented(SetStatus, held):
        return SetStatus(instance_id=held.instance_id, status=InstanceStatus.FREEZE)
    return Unable()


def _release(intent: Release, held: Held) -> ReleaseCommand:
    """Older protocols name the order of the purchase, whatever ended the service; newer ones the unsubscription, if any
    (saas-v2 §3.5, saas-v1-license A2.5)."""
    if held.protocol.life.release_names_purchase:
        of_purchase = intent.order_line_id if intent.order_id == held.purchase_order else ""
        return ReleaseCommand(instance_id=intent.instance_id, order_id=held.purchase_order, order_line_id=of_purchase)
    return ReleaseCommand(instance_id=intent.instance_id, order_id=intent.order_id, order_line_id=intent.order_line_id)


def implemented(command: type[Command], held: Held) -> bool:
    """What the protocol does not require in this charging mode, a seller has when it saved a case for it (business-rules
    §17.4: "freeze only where status is implemented"; saas-v2 §8.2: the case of changeInstanceCheck comes before renewals
    with a change). A lift is not asked this: the seller was told of the freeze."""
    if held.proven is None:
        return True
    cases = [one for one in cases_of(held.protocol.name).cases if one.kind is command]
    required = any(Need(held.charging.mode) in one.needs for one in cases)
    return required or not cases or any(one.activity in held.proven for one in cases)


def can_freeze(reasons: frozenset[str], held: Held) -> str:
    """The first of these reasons of which the seller can be told; empty when there is none."""
    for reason in sorted(reasons):
        if isinstance(speak(Freeze(reason=reason), held), Command | ServerTask):
            return reason
    return ""


def can_thaw(held: Held) -> bool:
    return isinstance(speak(Thaw(), held), Command | ServerTask)
