"""Translate intents to commands of a protocol: the only place where protocols differ, by their ``life`` (saas-v2 §3.4,
§3.5, saas-v1-license A2.4–A2.7, B1).

Optional activities are only used if the seller implements them.
"""

from __future__ import annotations

from tradepost.market.compute.contract import Action
from tradepost.market.subscriptions.models import Freeze as Frozen
from tradepost.protocols.cases import Need, cases_of
from tradepost.protocols.commands import Command, Create, Expire, InstanceStatus, Refresh, Scene, SetStatus
from tradepost.protocols.commands import Release as ReleaseCommand
from tradepost.protocols.contract import CommandSet

from .contract import (
    CommandIntent,
    Freeze,
    ImpliedCommand,
    Intent,
    ProtocolCommand,
    Release,
    ServerAction,
    ServerTask,
    SubscriptionView,
    Thaw,
    Unsupported,
    WaitForPeople,
)

CLOUD, MARKET = "compute", "market"
"""Names of the internal protocols for the operator's cloud, and for deliveries by people or the market (``cloud``)."""


def command_for(
    intent: Intent, view: SubscriptionView
) -> Command | ServerTask | ImpliedCommand | Unsupported | WaitForPeople:
    """Return the command; ``ImpliedCommand`` if an earlier command has the effect; ``Unsupported`` without a command. Deliveries by
    people or the market succeed by the market's decision."""
    if isinstance(intent, WaitForPeople):
        return intent
    if view.protocol.name == MARKET:
        return ImpliedCommand()
    if view.protocol.name == CLOUD:
        return _cloud_task(intent, view)
    command = _command_of(intent, view)
    if isinstance(command, Command) and type(command) not in view.protocol.activities:
        return Unsupported()
    if isinstance(command, Refresh) and not refreshes(view.protocol, command.scene):
        return Unsupported()
    if view.optional and isinstance(command, Command) and not _proven(type(command), view):
        return ImpliedCommand()
    return command


def _cloud_task(intent: CommandIntent, view: SubscriptionView) -> ServerTask | ImpliedCommand | Unsupported:
    """Return the task. A period image is prepaid and needs none (business-rules §5)."""
    if view.charging.ends:
        return ImpliedCommand()
    match intent:
        case ProtocolCommand(command=Create()):
            return ServerTask(action=Action.CREATE)
        case Freeze():
            return ServerTask(action=Action.STOP)
        case Thaw():
            return ServerTask(action=Action.RESUME)
        case Release():
            return ServerTask(action=Action.RELEASE)
        case ServerAction():
            return ServerTask(action=intent.action, image=intent.image, by_buyer=True)
        case ProtocolCommand():
            return Unsupported()


def _proven(command: type[Command], view: SubscriptionView) -> bool:
    """Return whether the seller of an optional interface has a saved case for this command; it learns the rest by
    queries about its code (saas-v1-license B2.2)."""
    return view.proven is None or view.protocol.activities[command] in view.proven


def refreshes(protocol: CommandSet, scene: Scene) -> bool:
    """Return whether the protocol can send a new end for this reason (saas-v2 §3.3, saas-v1-license A2.3)."""
    return Refresh in protocol.activities and scene in protocol.life.scenes


def _command_of(intent: CommandIntent, view: SubscriptionView) -> Command | ImpliedCommand | Unsupported:
    match intent:
        case ProtocolCommand():
            return intent.command
        case Freeze():
            return _freeze(intent, view)
        case Thaw():
            if view.refresh_thaws:
                return ImpliedCommand()
            command_type = view.protocol.life.freezes_by.get(view.charging.mode)
            if command_type is None:
                return Unsupported()
            return SetStatus(instance_id=view.instance_id, status=InstanceStatus.UNFREEZE)
        case Release():
            return _release(intent, view)
        case ServerAction():
            return Unsupported()


def _freeze(intent: Freeze, view: SubscriptionView) -> Command | Unsupported:
    """Return the command. ``Expire`` only means the end of the paid time; only the market applies other reasons then."""
    command_type = view.protocol.life.freezes_by.get(view.charging.mode)
    if command_type is Expire and intent.reason == Frozen.Reason.EXPIRED:
        return Expire(instance_id=view.instance_id, order_id=view.purchase_order)
    if command_type is SetStatus and implemented(SetStatus, view):
        return SetStatus(instance_id=view.instance_id, status=InstanceStatus.FREEZE)
    return Unsupported()


def _release(intent: Release, view: SubscriptionView) -> ReleaseCommand:
    """Return the release. Older protocols always name the purchase order; newer ones the unsubscription, if any
    (saas-v2 §3.5, saas-v1-license A2.5)."""
    if view.protocol.life.release_names_purchase:
        line_id = intent.order_line_id if intent.order_id == view.purchase_order else ""
        return ReleaseCommand(instance_id=intent.instance_id, order_id=view.purchase_order, order_line_id=line_id)
    return ReleaseCommand(instance_id=intent.instance_id, order_id=intent.order_id, order_line_id=intent.order_line_id)


def implemented(command: type[Command], view: SubscriptionView) -> bool:
    """Return whether the seller implements a command: required by the protocol in this charging mode, or proven by a
    saved case.

    See business-rules §17.4 ("freeze only where status is implemented") and saas-v2 §8.2 (changeInstanceCheck before
    renewals with a change). Not needed for an unfreeze, which follows a freeze.
    """
    if view.proven is None:
        return True
    cases = [case for case in cases_of(view.protocol.name).cases if case.kind is command]
    is_required = any(Need(view.charging.mode) in case.needs for case in cases)
    return is_required or not cases or any(case.activity in view.proven for case in cases)


def can_freeze(reasons: frozenset[str], view: SubscriptionView) -> str:
    """Return the first of these reasons that the seller can receive; empty without one."""
    for reason in sorted(reasons):
        if isinstance(command_for(Freeze(reason=reason), view), Command | ServerTask):
            return reason
    return ""


def can_thaw(view: SubscriptionView) -> bool:
    return isinstance(command_for(Thaw(), view), Command | ServerTask)
