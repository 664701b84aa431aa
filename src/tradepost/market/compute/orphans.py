"""Find servers in the cloud that carry the market's tag but belong to no existing server, and delete them after a grace
period.

The cloud is listed before the rows are read, and a row is committed before its server is created. So a new server is
never taken for an orphan. Copies of a market's database must not use its cloud account: each copy would delete the
other's servers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tradepost.market.audit.models import Outcome
from tradepost.market.audit.record import Act, Subject, record
from tradepost.market.base import jobs, leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask, RetryLater, RunningJob
from tradepost.market.base.models import LeasedJob

from .contract import Action, CloudError, Inventory, ObservedServer, OwnedServer, State
from .labels import market_id, server_of_token
from .lifecycle import ACTIVE_STATUSES, ORPHAN, OrphanEvent
from .models import OrphanServer, Server, Task
from .tasks import OBSERVE_INTERVAL, Clouds

KIND = TIMER = "compute.orphans"
INTERVAL = timedelta(hours=6)
RELEASE_ACT, SUBJECT = "orphan_release", "orphan server"
MARKET = "market"
MAX_RELEASE_CALLS = 60
"""Maximum number of calls that continue one orphan's release in a run: two minutes in total."""
RELEASABLE = (OrphanServer.Status.FOUND, OrphanServer.Status.KEPT)

type Release = Callable[..., ObservedServer]
type Grace = Callable[[], timedelta | None]
"""Time from the discovery of an orphan until its deletion. None: only operators delete orphans."""


def schedule(cloud: str, *, now: datetime) -> None:
    """Schedule the search for orphans when a worker starts."""
    jobs.schedule(TIMER, cloud, due_at=now + INTERVAL, payload={"cloud": cloud})


def run(payload: Mapping[str, Any], now: datetime, *, current: str) -> datetime | None:
    """Timer: start a search, unless the market uses another cloud now."""
    if payload["cloud"] != current:
        return None
    start(current, now=now)
    return now + INTERVAL


def start(cloud: str, *, now: datetime) -> LeasedJob:
    """Start a search for orphans. A cloud has at most one at a time."""
    return leased_jobs.start(KIND, cloud, payload={"cloud": cloud}, now=now)


def task(clouds: Clouds, *, grace: Grace, now: Callable[[], datetime]) -> LeasedTask:
    """The leased task that ``wiring`` registers."""
    return LeasedTask(
        work=lambda running: _work(running, clouds, grace(), now), attempts=2, longest=timedelta(minutes=30)
    )


def _work(
    running: RunningJob, clouds: Clouds, grace: timedelta | None, now: Callable[[], datetime]
) -> Mapping[str, Any]:  # fmt: skip
    name, market = running.payload["cloud"], market_id()
    running.progress(0, 1, gettext_noop("Listing the servers in the cloud"))
    try:
        adapter = clouds(name)
        if not isinstance(adapter, Inventory) or not market:
            return {}
        place = adapter.place()
        owned_servers = adapter.owned(market)
    except (CloudError, LookupError) as error:
        raise RetryLater(str(error)) from error
    orphan_count = record_unowned(name, owned_servers, place=place, now=now())
    if grace is not None:
        _mark_for_deletion(name, before=now() - grace, now=now())
    deleted_count, tried_keys = 0, set[int]()
    while (orphan := _next_to_delete(name, place, tried_keys)) is not None:
        running.progress(deleted_count, deleted_count + 1, gettext_noop("Deleting servers without an order"))
        tried_keys.add(orphan.pk)
        deleted_count += _delete(orphan, running, adapter.release, now)
    return {"servers": len(owned_servers), "orphans": orphan_count, "deleted": deleted_count}


def _next_to_delete(cloud: str, place: str, tried_keys: Collection[int]) -> OrphanServer | None:
    """Return the next orphan of this place to delete. Operators may request deletions during the run."""
    waiting_orphans = (
        _open_orphans(cloud).filter(status=OrphanServer.Status.RELEASING, place=place).exclude(pk__in=tried_keys)
    )
    return waiting_orphans.order_by("pk").first()


# --- what the cloud has -----------------------------------------------------------------------------------------------


def record_unowned(cloud: str, owned: Sequence[OwnedServer], *, place: str, now: datetime) -> int:
    """Store new orphans and settle those of this place that are no longer orphans. Return the number of orphans."""
    with transaction.atomic():
        known_orphans = {
            orphan.provider_id: orphan for orphan in _open_orphans(cloud).select_for_update(of=("self",)).order_by("pk")
        }
        orphans = {server.server_id: server for server in _unowned(owned)}
        OrphanServer.objects.filter(
            pk__in=[known_orphans[name].pk for name in orphans if name in known_orphans]
        ).update(seen_at=now, place=place)
        OrphanServer.objects.bulk_create([
            OrphanServer(
                cloud=cloud, provider_id=name[:128], token=server.token[:64], order=server.order[:64],
                name=server.name[:128], place=place, found_at=now, seen_at=now,
            )
            for name, server in orphans.items() if name not in known_orphans
        ])  # fmt: skip
        settled_orphans = [
            orphan for name, orphan in known_orphans.items() if name not in orphans and orphan.place == place
        ]
        _end(settled_orphans, now)
    return len(orphans)


def _end(orphans: Iterable[OrphanServer], now: datetime) -> None:
    for orphan in orphans:
        is_deleted = orphan.status == OrphanServer.Status.RELEASING
        ORPHAN.move(orphan, OrphanEvent.END if is_deleted else OrphanEvent.SETTLE, now=now, actor=MARKET)
        OrphanServer.objects.filter(pk=orphan.pk).update(ended_at=now)


def _unowned(owned_servers: Collection[OwnedServer]) -> list[OwnedServer]:
    tokens = {pk for server in owned_servers if (pk := server_of_token(server.token)) is not None}
    rows = {row.pk: row for row in Server.objects.filter(pk__in=tokens)}
    waiting_tasks = Task.objects.filter(server__in=tokens, status=Task.Status.WAITING)
    busy_servers = frozenset(waiting_tasks.values_list("server", flat=True))
    return [server for server in owned_servers if not _belongs_to_row(server, rows, busy_servers)]


def _belongs_to_row(server: OwnedServer, rows: Mapping[int, Server], busy_servers: Collection[int]) -> bool:
    """Return whether a server belongs to its row. Without a known id, it belongs to the row while a task is open."""
    row = rows.get(server_of_token(server.token) or 0)
    if row is None:
        return False
    if row.provider_id:
        return row.provider_id == server.server_id and (row.status in ACTIVE_STATUSES or row.pk in busy_servers)
    return row.pk in busy_servers


# --- deleting ---------------------------------------------------------------------------------------------------------


def _open_orphans(cloud: str) -> QuerySet[OrphanServer]:
    return OrphanServer.objects.filter(cloud=cloud, ended_at=None)


def _mark_for_deletion(cloud: str, *, before: datetime, now: datetime) -> None:
    """Mark orphans found before ``before`` for deletion, each with an audit entry. Those in ``never_released`` are
    kept."""
    with transaction.atomic():
        due_orphans = _open_orphans(cloud).filter(status=OrphanServer.Status.FOUND, found_at__lte=before)
        old_orphans = list(due_orphans.select_for_update(of=("self",)).order_by("pk"))
        exempt = recorded_as_released(old_orphans)
        for orphan in old_orphans:
            if orphan.pk in exempt:
                continue
            ORPHAN.move(orphan, OrphanEvent.RELEASE, now=now, actor=MARKET)
            subject = Subject(kind=SUBJECT, id=str(orphan.pk), text=orphan.provider_id)
            details = {"cloud": cloud, "order": orphan.order, "found_at": orphan.found_at.isoformat()}
            act = Act(name=RELEASE_ACT, actor=None, actor_text=MARKET, about=subject, details=details)
            record(act, Outcome.DONE, now=now)


def recorded_as_released(orphans: Collection[OrphanServer]) -> frozenset[int]:
    """Orphans whose server was recorded as released although its release was never requested.

    The cloud did not list the server for a while, for example with a wrong region in the cloud file. It may hold a
    buyer's data, so an operator decides about it.
    """
    server_of = {orphan.pk: pk for orphan in orphans if (pk := server_of_token(orphan.token)) is not None}
    servers = Server.objects.filter(pk__in=set(server_of.values()), status=Server.Status.RELEASED)
    id_of = dict(servers.values_list("pk", "provider_id"))
    requested_tokens = frozenset(
        Task.objects.filter(server__in=id_of, action=Action.RELEASE).values_list("server", flat=True)
    )
    return frozenset(
        orphan.pk
        for orphan in orphans
        if (pk := server_of.get(orphan.pk)) in id_of and pk not in requested_tokens and id_of[pk] == orphan.provider_id
    )


def _delete(orphan: OrphanServer, running: RunningJob, release: Release, now: Callable[[], datetime]) -> int:
    """Delete an orphan by its id only, since its token may belong to an existing server. A slow deletion ends in the
    next run."""
    try:
        observed_server = release(orphan.provider_id, token="")
        for _look in range(MAX_RELEASE_CALLS):
            if observed_server.state is not State.UNFINISHED:
                break
            running.go_on()
            time.sleep(OBSERVE_INTERVAL)
            observed_server = release(orphan.provider_id, token="")
    except CloudError as error:
        OrphanServer.objects.filter(pk=orphan.pk).update(error=str(error)[:2000])
        return 0
    if observed_server.state is State.GONE:
        with transaction.atomic():
            _end([OrphanServer.objects.select_for_update(of=("self",)).get(pk=orphan.pk)], now())
    return 1


# --- what operators do ------------------------------------------------------------------------------------------------


def orphans() -> QuerySet[OrphanServer]:
    """Return the orphans that still exist."""
    return OrphanServer.objects.filter(ended_at=None)


def exempt_orphan(pk: int, *, actor: str, now: datetime) -> None:
    """Exempt an orphan from the grace period. Raises ``Refused`` if it was already kept or deleted,
    ``DoesNotExist``."""
    with transaction.atomic():
        orphan = OrphanServer.objects.select_for_update(of=("self",)).get(pk=pk)
        if orphan.status != OrphanServer.Status.FOUND:
            raise _already_decided()
        ORPHAN.move(orphan, OrphanEvent.KEEP, now=now, actor=actor)


def release(pk: int, *, actor: str, now: datetime) -> None:
    """Delete an orphan now. Raises ``Refused`` if it was already deleted, ``DoesNotExist``."""
    with transaction.atomic():
        orphan = OrphanServer.objects.select_for_update(of=("self",)).get(pk=pk)
        if orphan.status not in RELEASABLE:
            raise _already_decided()
        ORPHAN.move(orphan, OrphanEvent.RELEASE, now=now, actor=actor)
        start(orphan.cloud, now=now)


def _already_decided() -> Refused:
    return Refused("orphan.decided", _("This server was already kept or deleted. Reload the page to see its state."))
