"""A task of the cloud ended: the operation that waits for it finishes, stops, or is given up and paid back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from tradepost.market.base.outbox import batched
from tradepost.market.base.values import replace
from tradepost.market.compute import tasks
from tradepost.market.compute.contract import Action
from tradepost.market.compute.events import TaskEnded
from tradepost.market.compute.faults import for_buyers
from tradepost.market.compute.models import Task
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import AppInfo, Done, InstanceInfo

from .apply import Ended, apply
from .cases import held_of, kind_of, line_of, locked_subscriptions, wanted_of
from .cloud import CLOUD, address_of
from .contract import Case, Effects, Failed, OrderEnd, Said
from .lifecycle import OperationEvent
from .models import Operation
from .operate import settle

RUNNING = Operation.Status.RUNNING


@batched
def on_task_ended(events: Sequence[TaskEnded], now: datetime) -> None:
    """Reaction: the operation that waits for it finishes, stops, or is given up and paid back."""
    waiting = _waiting_for([one.task for one in events if one.owner is not None])
    about = {pk for pk, status in waiting.values_list("subscription_id", "status") if pk and status == RUNNING}
    if not about:
        return
    subscriptions = {one.pk: one for one in locked_subscriptions(about)}
    ended = [
        end
        for operation in waiting.select_for_update(of=("self",)).order_by("pk")
        if operation.status == RUNNING and operation.task is not None and operation.subscription_id in subscriptions
        and (end := _end(operation, operation.task, subscriptions[operation.subscription_id], now)) is not None
    ]  # fmt: skip
    apply(ended, now=now)
    settle(list({one.subscription.pk: one.subscription for one in ended}.values()), now=now)


def _waiting_for(ended: Sequence[int]) -> QuerySet[Operation]:
    """A task is of one operation, which need not wait for it any more. Asked for those that are under way, PostgreSQL would read all of
    these instead, whenever its sample of a large table showed none."""
    found = Operation.objects.filter(task__in=ended)
    return found.select_related("task__server", "line__order__buyer", "line__offer__sku__spec")


def _end(operation: Operation, task: Task, subscription: Subscription, now: datetime) -> Ended | None:
    """A task that was restarted meanwhile has not ended: its next end comes here again."""
    kind = kind_of(operation)
    case: Case[Any] = Case(
        held=held_of(subscription, CLOUD),
        wanted=wanted_of(operation),
        line=line_of(operation.line) if operation.line else None,
        step=operation.step,
        said=_said(task) if task.status == Task.Status.DONE else None,
        now=now,
    )
    if task.status == Task.Status.DONE:
        effects, event, note = kind.on_done(case), OperationEvent.FINISH, ""
    elif task.status == Task.Status.GAVE_UP:
        why = for_buyers(task.fault)
        failed = Failed(command=None, verdict=why, maybe_acted=True, keeps_order=False)
        effects, event, note = kind.on_gave_up(case, failed), OperationEvent.STOP, why
        if kind.refundable and operation.line_id is not None:
            effects, event = replace(effects, order=OrderEnd.GIVE_UP, orphans=()), OperationEvent.GIVE_UP
        else:
            effects = Effects(seller_state=effects.seller_state)
    else:
        return None
    return Ended(operation=operation, subscription=subscription, effects=effects, event=event, note=note)


def _said(task: Task) -> Said:
    """What its buyer enters the server by, where it has another disk now."""
    if task.action not in {Action.CREATE, Action.REPLACE} or not task.wanted.get("service"):
        return Said(command=None, answer=Done())
    login = tasks.login_of(task.server)
    app = AppInfo(
        front_end_url=address_of(login.user_name, task.server),
        user_name=login.user_name,
        password=login.password,
    )
    return Said(command=None, answer=Done(instances=(InstanceInfo(instance_id=str(task.server_id), app=app),)))
