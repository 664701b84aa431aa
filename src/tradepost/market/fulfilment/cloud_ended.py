"""Reaction to an ended cloud task: its operation finishes, stops, or is given up and refunded."""

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

from .apply import EndedOperation, apply
from .cases import kind_of, line_of, locked_subscriptions, parameters_of, view_of
from .cloud import CLOUD, address_of
from .contract import Case, Effects, FailedCall, LastExchange, OrderEnd
from .lifecycle import OperationEvent
from .models import Operation
from .operate import settle

RUNNING = Operation.Status.RUNNING


@batched
def on_task_ended(events: Sequence[TaskEnded], now: datetime) -> None:
    """Reaction: end the operations that wait for these tasks."""
    waiting_operations = _waiting_for([task_ended.task for task_ended in events if task_ended.owner is not None])
    keys = {
        pk for pk, status in waiting_operations.values_list("subscription_id", "status") if pk and status == RUNNING
    }
    if not keys:
        return
    subscriptions = {locked_subscription.pk: locked_subscription for locked_subscription in locked_subscriptions(keys)}
    ended_operations = [
        end
        for operation in waiting_operations.select_for_update(of=("self",)).order_by("pk")
        if operation.status == RUNNING and operation.task is not None and operation.subscription_id in subscriptions
        and (end := _end(operation, operation.task, subscriptions[operation.subscription_id], now)) is not None
    ]  # fmt: skip
    apply(ended_operations, now=now)
    settle(
        list(
            {
                ended_operation.subscription.pk: ended_operation.subscription for ended_operation in ended_operations
            }.values()
        ),
        now=now,
    )


def _waiting_for(ended_tasks: Sequence[int]) -> QuerySet[Operation]:
    """Select the operations of these tasks, which may no longer wait for them. Without a filter on the status, because
    PostgreSQL would read all open operations if its sample showed none."""
    operations = Operation.objects.filter(task__in=ended_tasks)
    return operations.select_related("task__server", "line__order__buyer", "line__offer__sku__spec")


def _end(operation: Operation, task: Task, subscription: Subscription, now: datetime) -> EndedOperation | None:
    """Return the end of the operation; None for a task that was restarted meanwhile and will end again."""
    kind = kind_of(operation)
    case: Case[Any] = Case(
        held=view_of(subscription, CLOUD),
        wanted=parameters_of(operation),
        line=line_of(operation.line) if operation.line else None,
        step=operation.step,
        said=_login_exchange(task) if task.status == Task.Status.DONE else None,
        now=now,
    )
    if task.status == Task.Status.DONE:
        effects, event, note = kind.on_done(case), OperationEvent.FINISH, ""
    elif task.status == Task.Status.GAVE_UP:
        reason = for_buyers(task.fault)
        failure = FailedCall(command=None, verdict=reason, maybe_acted=True, keeps_order=False)
        effects, event, note = kind.on_gave_up(case, failure), OperationEvent.STOP, reason
        if kind.refundable and operation.line_id is not None:
            effects, event = replace(effects, order=OrderEnd.GIVE_UP, orphans=()), OperationEvent.GIVE_UP
        else:
            effects = Effects(seller_state=effects.seller_state)
    else:
        return None
    return EndedOperation(operation=operation, subscription=subscription, effects=effects, event=event, note=note)


def _login_exchange(task: Task) -> LastExchange:
    """Return the login to the server, if its disk was replaced."""
    if task.action not in {Action.CREATE, Action.REPLACE} or not task.wanted.get("service"):
        return LastExchange(command=None, answer=Done())
    login = tasks.login_of(task.server)
    app = AppInfo(
        front_end_url=address_of(login.user_name, task.server),
        user_name=login.user_name,
        password=login.password,
    )
    return LastExchange(command=None, answer=Done(instances=(InstanceInfo(instance_id=str(task.server_id), app=app),)))
