"""Ask the cloud for something about a server: a row that says what, and a leased job that does it, again until it is done.

Of one server one task is worked on at a time; the next one begins in the transaction that ends it. A worker that dies leaves
its job's lease, so that the task is done once more: the cloud recognises it by its token.
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
from tradepost.market.base.leased_jobs import LeasedTask, NotNow, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.secrets import seal, unseal
from tradepost.market.base.values import as_dict
from tradepost.market.subscriptions.models import Subscription

from .contract import BECOMES, Action, CloudError, Compute, Fault, Login, NewServer, Seen, State, SystemImage
from .events import ServerChanged, TaskEnded
from .labels import labels_of, market_id, token_of_server
from .lifecycle import LIVING, SERVER, TASK, ServerEvent, TaskEvent
from .models import Server, Task
from .spans import note

KIND = "compute.task"
ATTEMPTS = 8
"""With pauses from a quarter of a minute on, each twice the one before: half an hour in all. Then a person restarts it."""
FIRST_PAUSE = timedelta(seconds=15)
LONGEST = timedelta(minutes=30)
LONGEST_CHANGE = timedelta(minutes=25)
"""How long one attempt waits for the cloud, in real time; less than ``LONGEST``, so that its reason is stored."""
LOOK_EVERY = 2.0
"""Seconds between two looks at a server that is changing."""
WORDS: Mapping[str, str] = {
    Action.CREATE: gettext_noop("The server is being created."),
    Action.START: gettext_noop("The server is being started."),
    Action.STOP: gettext_noop("The server is being stopped."),
    Action.RESUME: gettext_noop("The server is being started."),
    Action.REPLACE: gettext_noop("The system disk is being replaced."),
    Action.RELEASE: gettext_noop("The server is being deleted."),
}
"""What goes on, for who waits for it."""

type Clouds = Callable[[str], Compute]
"""By the name that a server keeps. Raises ``LookupError``."""


class Disk(Struct, frozen=True, kw_only=True):
    """A new system disk. ``service``: of the image that is on it (by pk); None for an image of the cloud's own. ``order``: its
    number, which a new server keeps as a tag."""

    image: SystemImage
    service: int | None
    order: str = ""


def new_server(buyer_id: int, *, name: str, size: str, cloud: str, now: datetime) -> Server:
    """The row of a server that is about to be asked for."""
    return Server.objects.create(buyer_id=buyer_id, name=name, size=size, cloud=cloud, created_at=now)


def locked_server(pk: int) -> Server:
    return Server.objects.select_for_update(of=("self",)).get(pk=pk)


def request(
    server: int, action: Action, *, now: datetime, disk: Disk | None = None, login: Login | None = None,
    owner: int | None = None, actor: str = "market", by_buyer: bool = False,
) -> Task:  # fmt: skip
    """Ask for it. ``disk`` and ``login``: of a server that is made, or gets another disk. ``by_buyer``: its buyer stops it, so
    that the end of a freeze does not start it. Raises ``Refused`` for a server that
    is not there any more.

    From the moment that its release is asked for, or a disk with no image of the market, nothing is billed for it: that it
    goes on for a while is the cloud's doing.
    """
    with transaction.atomic():
        held = locked_server(server)
        if held.status not in LIVING:
            raise Refused("server.gone", _("This server is not there any more."))
        task = Task.objects.create(
            server=held, action=action, owner=owner, actor=actor, created_at=now,
            sealed_login=seal(msgspec.json.encode(as_dict(login)).decode()) if login is not None else "",
            wanted=({"image": as_dict(disk.image), "service": disk.service, "order": disk.order} if disk else {})
            | ({"by_buyer": True} if by_buyer else {}),
        )  # fmt: skip
        if held.service_id is not None and (action is Action.RELEASE or (disk is not None and disk.service is None)):
            _put_on(held, None)
            at = note(held, at=now)
            outbox.publish(ServerChanged(server=held.pk, at=at), now=now)
        held.save(update_fields=["service", "seller"])
        if not _earlier(task):
            _begin(task, now)
    return task


def _put_on(server: Server, service: int | None) -> None:
    """The image on its disk belongs to this service; to none."""
    server.service_id = service
    held = Subscription.objects.only("seller_id").get(pk=service) if service is not None else None
    server.seller_id = held.seller_id if held is not None else None


def _earlier(task: Task) -> bool:
    return Task.objects.filter(server=task.server_id, status=Task.Status.WAITING, pk__lt=task.pk).exists()


def _begin(task: Task, now: datetime) -> None:
    leased_jobs.start(KIND, str(task.pk), payload={"task": task.pk}, now=now)


def restart(task: Task, *, actor: str, now: datetime) -> None:
    """Ask for it once more. Raises ``IllegalTransition`` for what was not given up. It comes after what was asked since."""
    with transaction.atomic():
        locked_server(task.server_id)
        TASK.move(task, TaskEvent.RESTART, now=now, actor=actor)
        if not Task.objects.filter(server=task.server_id, status=Task.Status.WAITING).exclude(pk=task.pk).exists():
            _begin(task, now)


# --- the work, outside of any transaction -------------------------------------------------------------------------------


def task(clouds: Clouds) -> LeasedTask:
    """For ``wiring``."""
    return LeasedTask(
        work=lambda running: _work(running, clouds), ended=_ended, attempts=ATTEMPTS, again=FIRST_PAUSE, longest=LONGEST
    )


def _work(running: Running, clouds: Clouds) -> Mapping[str, Any]:
    found = Task.objects.select_related("server").get(pk=running.payload["task"])
    running.progress(0, 1, WORDS[found.action])
    try:
        seen = _settled(running, found, clouds(found.server.cloud))
        _check(found, seen)
    except (CloudError, LookupError) as error:
        fault = error.fault if isinstance(error, CloudError) else Fault.SETTINGS
        Task.objects.filter(pk=found.pk).update(tries=running.attempt, error=str(error)[:2000], fault=fault)
        if isinstance(error, CloudError) and error.final:
            raise Refused("cloud.refused", str(error)[:2000]) from error
        raise NotNow(str(error)) from error
    return as_dict(seen)


def _settled(running: Running, found: Task, adapter: Compute) -> Seen:
    """Ask the cloud until the server has stopped changing. Raises ``CloudError``, a final one after ``LONGEST_CHANGE``."""
    market, give_up_at = market_id(), time.monotonic() + LONGEST_CHANGE.total_seconds()
    seen = _asked(found, adapter, market)
    while seen.state in {State.CHANGING, State.UNFINISHED}:
        if time.monotonic() >= give_up_at:
            minutes = LONGEST_CHANGE // timedelta(minutes=1)
            raise CloudError(f"{found.action}: the server is still changing after {minutes} minutes", final=True)
        running.progress(0, 1, WORDS[found.action])
        time.sleep(LOOK_EVERY)
        seen = _asked(found, adapter, market) if seen.state is State.UNFINISHED else _looked(adapter, seen.server_id)
    return seen


def _looked(adapter: Compute, server_id: str) -> Seen:
    return adapter.observe([server_id]).get(server_id, Seen(server_id=server_id, state=State.GONE))


def _check(found: Task, seen: Seen) -> None:
    """What a buyer had stopped stays so at the end of a freeze."""
    right = {BECOMES[Action(found.action)]}
    if found.action == Action.RESUME and not found.server.wants_running:
        right.add(State.STOPPED)
    if seen.state not in right:
        raise CloudError(f"{found.action}: the server is {seen.state}")


def _asked(found: Task, adapter: Compute, market: str) -> Seen:
    server, token, creation = found.server, token_of(found), token_of_server(found.server_id, market)
    match Action(found.action):
        case Action.CREATE:
            labels = labels_of(creation, market=market, order=found.wanted.get("order", ""))
            wanted = NewServer(
                name=server.name, size=server.size, image=_image(found), login=_new_login(found), labels=labels
            )  # fmt: skip
            return adapter.create(wanted, token=creation)
        case Action.REPLACE:
            return adapter.replace_system(server.provider_id, _image(found), _new_login(found), token=token)
        case Action.STOP:
            return adapter.stop(server.provider_id, token=token)
        case Action.RELEASE:
            return adapter.release(server.provider_id, token=creation)
        case Action.RESUME if not server.wants_running:
            return Seen(server_id=server.provider_id, state=State.STOPPED, address=server.address)
        case Action.START | Action.RESUME:
            return adapter.start(server.provider_id, token=token)


def token_of(found: Task) -> str:
    """By which the cloud recognises what is asked again."""
    return f"task-{found.pk}"


def _image(found: Task) -> SystemImage:
    return SystemImage(**found.wanted["image"])


def _new_login(found: Task) -> Login:
    """Of the new disk. Tasks of earlier releases stored it at their server."""
    return _opened(found.sealed_login, found.server) if found.sealed_login else login_of(found.server)


def login_of(server: Server) -> Login:
    """In clear text, for the page of its buyer alone. Raises ``LookupError`` where there is none."""
    return _opened(server.sealed_login, server)


def _opened(sealed: str, server: Server) -> Login:
    if not sealed:
        raise LookupError(f"server {server.pk} has no login")
    return Login(**msgspec.json.decode(unseal(sealed)))


# --- the end ------------------------------------------------------------------------------------------------------------


def _ended(job: LeasedJob, now: datetime) -> None:
    """In the transaction that ends the job."""
    found = Task.objects.get(pk=job.payload["task"])
    server = locked_server(found.server_id)
    if found.status != Task.Status.WAITING:
        return
    done = job.outcome == LeasedJob.Outcome.DONE
    if done and job.result is not None:
        TASK.move_all([found], TaskEvent.FINISH, now=now, ended_at=now, tries=job.attempts, error="", fault="")
        _became(server, found, Seen(**{**job.result, "state": State(job.result["state"])}), now)
    else:
        TASK.move_all([found], TaskEvent.GIVE_UP, now=now, ended_at=now, note=found.error[:500])
        _not_made(server, found, now)
    outbox.publish(TaskEnded(task=found.pk, server=server.pk, owner=found.owner, done=done, at=now), now=now)
    following = Task.objects.filter(server=server, status=Task.Status.WAITING).order_by("pk").first()
    if following is not None:
        _begin(following, now)


def _became(server: Server, found: Task, seen: Seen, now: datetime) -> None:
    if found.action in {Action.CREATE, Action.REPLACE}:
        _put_on(server, found.wanted["service"])
        _take_login(server, found)
    if found.action == Action.START:
        server.wants_running = True
    if found.action == Action.STOP and found.wanted.get("by_buyer"):
        server.wants_running = False
    if found.action == Action.CREATE:
        server.provider_id = seen.server_id
    server.save(update_fields=["service", "seller", "wants_running", "provider_id", "sealed_login"])
    look_at(server, seen, now=now, changed=found.action in {Action.CREATE, Action.REPLACE})


def _take_login(server: Server, found: Task) -> None:
    """The server has the new disk, and with it the new account."""
    if found.sealed_login:
        server.sealed_login, found.sealed_login = found.sealed_login, ""
        found.save(update_fields=["sealed_login"])


def _not_made(server: Server, found: Task, now: datetime) -> None:
    """What the cloud may have made all the same is deleted."""
    if found.action != Action.CREATE:
        return
    Task.objects.create(server=server, action=Action.RELEASE, actor="market", created_at=now)
    SERVER.move(server, ServerEvent.GIVE_UP, now=now, note=found.error[:500])
    outbox.publish(ServerChanged(server=server.pk, at=now), now=now)


def look_at(server: Server, seen: Seen, *, now: datetime, changed: bool = False) -> None:
    """Write how it is now; the row is locked. ``changed``: its disk is another one, so that whoever follows it is told."""
    moved = bool(seen.address and server.address and seen.address != server.address)
    if seen.address and seen.address != server.address:
        server.address = seen.address
        server.save(update_fields=["address"])
    event = _event(server, seen)
    if event is not None:
        SERVER.move_all([server], event, now=now)
        if event is ServerEvent.RELEASE:
            _put_on(server, None)
            server.released_at = now
            server.save(update_fields=["service", "seller", "released_at"])
    at = note(server, at=now)
    if event is not None or changed or moved:
        outbox.publish(ServerChanged(server=server.pk, at=at), now=now)


def _event(server: Server, seen: Seen) -> ServerEvent | None:
    running = ServerEvent.RUN if seen.healthy else ServerEvent.BREAK
    wanted = {State.RUNNING: running, State.STOPPED: ServerEvent.STOP, State.GONE: ServerEvent.RELEASE}.get(seen.state)
    return wanted if wanted is not None and SERVER.allows(server.status, wanted) else None
