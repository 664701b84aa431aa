"""Cloud actions on servers: a row describes the action, and a leased job repeats it until it is done.

Each server has one active task at a time; the next task starts in the transaction that ends it. If a worker dies, its
lease expires and the task is repeated; the cloud recognises the task by its token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from msgspec import Struct

from tradepost.market.base import leased_jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask, RetryLater, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.secrets import seal, unseal
from tradepost.market.base.values import as_dict
from tradepost.market.subscriptions.models import Subscription

from .contract import (
    RESULTING_STATE,
    Action,
    CloudError,
    Compute,
    Fault,
    Login,
    NewServer,
    ObservedServer,
    State,
    SystemImage,
)
from .events import ServerChanged, TaskEnded
from .labels import labels_of, market_id, token_of_server
from .lifecycle import ACTIVE_STATUSES, SERVER, TASK, ServerEvent, TaskEvent
from .models import Server, Task
from .spans import update_spans

KIND = "compute.task"
ATTEMPTS = 8
"""Pauses start at 15 seconds and double: half an hour in total. After that, an operator restarts the task."""
FIRST_RETRY_DELAY = timedelta(seconds=15)
TIMEOUT = timedelta(minutes=30)
CHANGE_TIMEOUT = timedelta(minutes=25)
"""How long one attempt waits for the cloud, in real time. Less than ``TIMEOUT``, so that the reason is stored."""
OBSERVE_INTERVAL = 2.0
"""Seconds between two observations of a changing server."""
PROGRESS_MESSAGES: Mapping[str, str] = {
    Action.CREATE: gettext_noop("The server is being created."),
    Action.START: gettext_noop("The server is being started."),
    Action.STOP: gettext_noop("The server is being stopped."),
    Action.RESUME: gettext_noop("The server is being started."),
    Action.REPLACE: gettext_noop("The system disk is being replaced."),
    Action.RELEASE: gettext_noop("The server is being deleted."),
}
"""Progress messages for each action, as message ids."""

type Clouds = Callable[[str], Compute]
"""Return the adapter with this name, as stored with each server. Raises ``LookupError``."""


class Disk(Struct, frozen=True, kw_only=True):
    """A new system disk.

    ``service``: primary key of the image's service; None for one of the cloud's own images. ``order``: the order
    number, a tag of a new server.
    """

    image: SystemImage
    service: int | None
    order: str = ""


def new_server(buyer_id: int, *, name: str, size: str, cloud: str, now: datetime) -> Server:
    """Create the row of a server whose creation is about to be requested."""
    return Server.objects.create(buyer_id=buyer_id, name=name, size=size, cloud=cloud, created_at=now)


def locked_server(pk: int) -> Server:
    return Server.objects.select_for_update(of=("self",)).get(pk=pk)


def request(
    server: int, action: Action, *, now: datetime, disk: Disk | None = None, login: Login | None = None,
    owner: int | None = None, actor: str = "market", by_buyer: bool = False,
) -> Task:  # fmt: skip
    """Request an action. Raises ``Refused`` if the server no longer exists.

    ``disk`` and ``login``: for a new server or a disk replacement. ``by_buyer``: the buyer stops the server, so the end
    of a freeze does not start it.

    Billing stops when a release or a disk without a market image is requested, even if the cloud takes longer.
    """
    with transaction.atomic():
        locked_server_row = locked_server(server)
        if locked_server_row.status not in ACTIVE_STATUSES:
            raise Refused("server.gone", _("This server no longer exists."))
        task = Task.objects.create(
            server=locked_server_row, action=action, owner=owner, actor=actor, created_at=now,
            sealed_login=seal(msgspec.json.encode(as_dict(login)).decode()) if login is not None else "",
            wanted=({"image": as_dict(disk.image), "service": disk.service, "order": disk.order} if disk else {})
            | ({"by_buyer": True} if by_buyer else {}),
        )  # fmt: skip
        if locked_server_row.service_id is not None and (
            action is Action.RELEASE or (disk is not None and disk.service is None)
        ):
            _assign_service(locked_server_row, None)
            moment = update_spans(locked_server_row, at=now)
            outbox.publish(ServerChanged(server=locked_server_row.pk, at=moment), now=now)
        locked_server_row.save(update_fields=["service", "seller"])
        if not _has_earlier(task):
            _begin(task, now)
    return task


def _assign_service(server: Server, service: int | None) -> None:
    """Assign the image on the disk to this service, or to none."""
    server.service_id = service
    subscription = Subscription.objects.only("seller_id").get(pk=service) if service is not None else None
    server.seller_id = subscription.seller_id if subscription is not None else None


def _has_earlier(task: Task) -> bool:
    return Task.objects.filter(server=task.server_id, status=Task.Status.WAITING, pk__lt=task.pk).exists()


def _begin(task: Task, now: datetime) -> None:
    leased_jobs.start(KIND, str(task.pk), payload={"task": task.pk}, now=now)


def restart(task: Task, *, actor: str, now: datetime) -> None:
    """Repeat a task that was given up, after all tasks requested since. Raises ``IllegalTransition`` in other
    states."""
    with transaction.atomic():
        locked_server(task.server_id)
        TASK.move(task, TaskEvent.RESTART, now=now, actor=actor)
        if not Task.objects.filter(server=task.server_id, status=Task.Status.WAITING).exclude(pk=task.pk).exists():
            _begin(task, now)


# --- the work, outside of any transaction -------------------------------------------------------------------------------


def task(clouds: Clouds) -> LeasedTask:
    """The leased task that ``wiring`` registers."""
    return LeasedTask(
        work=lambda running: _work(running, clouds),
        ended=_ended,
        attempts=ATTEMPTS,
        again=FIRST_RETRY_DELAY,
        longest=TIMEOUT,
    )


def _work(running: RunningJob, clouds: Clouds) -> Mapping[str, Any]:
    task_row = Task.objects.select_related("server").get(pk=running.payload["task"])
    running.progress(0, 1, PROGRESS_MESSAGES[task_row.action])
    try:
        observed_server = _wait_for_cloud(running, task_row, clouds(task_row.server.cloud))
        _check(task_row, observed_server)
    except (CloudError, LookupError) as error:
        fault = error.fault if isinstance(error, CloudError) else Fault.SETTINGS
        Task.objects.filter(pk=task_row.pk).update(tries=running.attempt, error=str(error)[:2000], fault=fault)
        if isinstance(error, CloudError) and error.final:
            raise Refused("cloud.refused", str(error)[:2000]) from error
        raise RetryLater(str(error)) from error
    return as_dict(observed_server)


def _wait_for_cloud(running: RunningJob, task_row: Task, adapter: Compute) -> ObservedServer:
    """Call the cloud until the server has stopped changing. Raises ``CloudError``, a final one after
    ``CHANGE_TIMEOUT``."""
    _require_place(task_row, adapter)
    market, give_up_at = market_id(), time.monotonic() + CHANGE_TIMEOUT.total_seconds()
    observed_server = _call_cloud(task_row, adapter, market)
    while observed_server.state in {State.CHANGING, State.UNFINISHED}:
        if time.monotonic() >= give_up_at:
            minutes = CHANGE_TIMEOUT // timedelta(minutes=1)
            raise CloudError(f"{task_row.action}: the server is still changing after {minutes} minutes", final=True)
        running.progress(0, 1, PROGRESS_MESSAGES[task_row.action])
        time.sleep(OBSERVE_INTERVAL)
        observed_server = (
            _call_cloud(task_row, adapter, market)
            if observed_server.state is State.UNFINISHED
            else _observe_server(adapter, observed_server.server_id)
        )
    return observed_server


def _require_place(task_row: Task, adapter: Compute) -> None:
    """Raise ``CloudError`` if the cloud file names another region, project or account than the one in which the server
    was created: the server is unknown there, and a release would be recorded as done while the server runs on."""
    server, place = task_row.server, adapter.place()
    if not server.place and task_row.action == Action.CREATE:
        Server.objects.filter(pk=server.pk).update(place=place)
    elif server.place not in {"", place}:
        raise CloudError(
            f"the server was created in {server.place}, and the cloud file names {place}: correct the cloud file",
            fault=Fault.SETTINGS,
        )


def _observe_server(adapter: Compute, server_id: str) -> ObservedServer:
    """Return the state of a changing server. New servers appear in lists late, so only ``is_gone`` ends the wait."""
    observed_server = adapter.observe([server_id]).get(server_id)
    if observed_server is not None:
        return observed_server
    state = State.GONE if adapter.is_gone(server_id) else State.CHANGING
    return ObservedServer(server_id=server_id, state=state)


def _check(task_row: Task, observed_server: ObservedServer) -> None:
    """Raise ``CloudError`` unless the server has the expected state. After a freeze, a server that the buyer stopped
    stays stopped."""
    expected_states = {RESULTING_STATE[Action(task_row.action)]}
    if task_row.action == Action.RESUME and not task_row.server.wants_running:
        expected_states.add(State.STOPPED)
    if observed_server.state not in expected_states:
        raise CloudError(f"{task_row.action}: the server is {observed_server.state}")


def _call_cloud(task_row: Task, adapter: Compute, market: str) -> ObservedServer:
    server, token, creation = task_row.server, token_of(task_row), token_of_server(task_row.server_id, market)
    match Action(task_row.action):
        case Action.CREATE:
            labels = labels_of(creation, market=market, order=task_row.wanted.get("order", ""))
            new_server_request = NewServer(
                name=server.name, size=server.size, image=_image(task_row), login=_new_login(task_row), labels=labels
            )  # fmt: skip
            return adapter.create(new_server_request, token=creation)
        case Action.REPLACE:
            return adapter.replace_system(server.provider_id, _image(task_row), _new_login(task_row), token=token)
        case Action.STOP:
            return adapter.stop(server.provider_id, token=token)
        case Action.RELEASE:
            return adapter.release(server.provider_id, token=creation)
        case Action.RESUME if not server.wants_running:
            return ObservedServer(server_id=server.provider_id, state=State.STOPPED, address=server.address)
        case Action.START | Action.RESUME:
            return adapter.start(server.provider_id, token=token)


def token_of(task_row: Task) -> str:
    """Return the token by which the cloud recognises a repeated request."""
    return f"task-{task_row.pk}"


def _image(task_row: Task) -> SystemImage:
    return SystemImage(**task_row.wanted["image"])


def _new_login(task_row: Task) -> Login:
    """The login for the new disk. Tasks of earlier releases stored it with their server."""
    return (
        _unsealed_login(task_row.sealed_login, task_row.server) if task_row.sealed_login else login_of(task_row.server)
    )


def login_of(server: Server) -> Login:
    """Return the login in clear text, only for the buyer's page. Raises ``LookupError`` if there is none."""
    return _unsealed_login(server.sealed_login, server)


def _unsealed_login(sealed: str, server: Server) -> Login:
    if not sealed:
        raise LookupError(f"server {server.pk} has no login")
    return Login(**msgspec.json.decode(unseal(sealed)))


# --- the end ------------------------------------------------------------------------------------------------------------


def _ended(job: LeasedJob, now: datetime) -> None:
    """End the task, in the transaction that ends the job."""
    task_row = Task.objects.get(pk=job.payload["task"])
    server = locked_server(task_row.server_id)
    if task_row.status != Task.Status.WAITING:
        return
    is_done = job.outcome == LeasedJob.Outcome.DONE
    if is_done and job.result is not None:
        TASK.move_all([task_row], TaskEvent.FINISH, now=now, ended_at=now, tries=job.attempts, error="", fault="")
        _apply_result(server, task_row, ObservedServer(**{**job.result, "state": State(job.result["state"])}), now)
    else:
        TASK.move_all([task_row], TaskEvent.GIVE_UP, now=now, ended_at=now, note=task_row.error[:500])
        _give_up_creation(server, task_row, now)
    outbox.publish(TaskEnded(task=task_row.pk, server=server.pk, owner=task_row.owner, done=is_done, at=now), now=now)
    next_task = Task.objects.filter(server=server, status=Task.Status.WAITING).order_by("pk").first()
    if next_task is not None:
        _begin(next_task, now)


def _apply_result(server: Server, task_row: Task, observed_server: ObservedServer, now: datetime) -> None:
    if task_row.action in {Action.CREATE, Action.REPLACE}:
        _assign_service(server, task_row.wanted["service"])
        _store_login(server, task_row)
    if task_row.action == Action.START:
        server.wants_running = True
    if task_row.action == Action.STOP and task_row.wanted.get("by_buyer"):
        server.wants_running = False
    if task_row.action == Action.CREATE:
        server.provider_id = observed_server.server_id
    server.save(update_fields=["service", "seller", "wants_running", "provider_id", "sealed_login"])
    store_observation(server, observed_server, now=now, changed=task_row.action in {Action.CREATE, Action.REPLACE})


def _store_login(server: Server, task_row: Task) -> None:
    """Store the login of the new disk with the server."""
    if task_row.sealed_login:
        server.sealed_login, task_row.sealed_login = task_row.sealed_login, ""
        task_row.save(update_fields=["sealed_login"])


def _give_up_creation(server: Server, task_row: Task, now: datetime) -> None:
    """Mark the server as failed, and release it in case the cloud created it."""
    if task_row.action != Action.CREATE:
        return
    Task.objects.create(server=server, action=Action.RELEASE, actor="market", created_at=now)
    SERVER.move(server, ServerEvent.GIVE_UP, now=now, note=task_row.error[:500])
    outbox.publish(ServerChanged(server=server.pk, at=now), now=now)


def store_observation(
    server: Server, observed_server: ObservedServer, *, now: datetime, changed: bool = False, at: datetime | None = None
) -> None:
    """Store the observed state. The caller has locked the row. ``changed``: the disk was replaced, so publish
    ``ServerChanged``. ``at``: when the state began, if that was before ``now``; usage is metered until then.

    The address changes only while the server runs: EC2 reports the private address of a stopped server and assigns a
    new one at its start.
    """
    address_changed = (
        bool(observed_server.address)
        and observed_server.address != server.address
        and (observed_server.state is State.RUNNING or not server.address)
    )
    has_moved = address_changed and bool(server.address)
    moved_at = at or now
    if address_changed:
        server.address = observed_server.address
        server.save(update_fields=["address"])
    event = _event(server, observed_server)
    if event is not None:
        SERVER.move_all([server], event, now=now)
        if event is ServerEvent.RELEASE:
            _assign_service(server, None)
            server.released_at = now
            server.save(update_fields=["service", "seller", "released_at"])
    moment = update_spans(server, at=moved_at)
    if event is not None or changed or has_moved:
        outbox.publish(ServerChanged(server=server.pk, at=moment), now=now)


def _event(server: Server, observed_server: ObservedServer) -> ServerEvent | None:
    running_event = ServerEvent.RUN if observed_server.healthy else ServerEvent.BREAK
    event = {State.RUNNING: running_event, State.STOPPED: ServerEvent.STOP, State.GONE: ServerEvent.RELEASE}.get(
        observed_server.state
    )
    return event if event is not None and SERVER.allows(server.status, event) else None
