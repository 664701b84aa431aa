"""Find servers in the cloud that carry the market's tag but belong to no living server, and delete them after a grace period.

The cloud is listed before the rows are read. A server's row is committed before the server is created, so a new server is never
taken for an orphan. Copies of a market's database must not use its cloud account: they would take each other's servers for orphans.
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
from tradepost.market.base.leased_jobs import LeasedTask, NotNow, Running
from tradepost.market.base.models import LeasedJob

from .contract import Action, CloudError, Inventory, Owned, Seen, State
from .labels import market_id, server_of_token
from .lifecycle import LIVING, ORPHAN, OrphanEvent
from .models import OrphanServer, Server, Task
from .tasks import LOOK_EVERY, Clouds

KIND = TIMER = "compute.orphans"
EVERY = timedelta(hours=6)
RELEASE_ACT, SUBJECT = "orphan_release", "orphan server"
MARKET = "market"
MOST_LOOKS = 60
"""How often one orphan's release is continued in a run: two minutes in all."""
RELEASABLE = (OrphanServer.Status.FOUND, OrphanServer.Status.KEPT)

type Release = Callable[..., Seen]
type Grace = Callable[[], timedelta | None]
"""Time from the first sight of an orphan until it is deleted; None: only an operator deletes it."""


def schedule(cloud: str, *, now: datetime) -> None:
    """When a worker starts: the timer of the cloud."""
    jobs.schedule(TIMER, cloud, due_at=now + EVERY, payload={"cloud": cloud})


def run(payload: Mapping[str, Any], now: datetime, *, current: str) -> datetime | None:
    """Timer: begin a look, unless the market has another cloud now."""
    if payload["cloud"] != current:
        return None
    start(current, now=now)
    return now + EVERY


def start(cloud: str, *, now: datetime) -> LeasedJob:
    """Begin a look at the cloud. One at a time is open."""
    return leased_jobs.start(KIND, cloud, payload={"cloud": cloud}, now=now)


def task(clouds: Clouds, *, grace: Grace, now: Callable[[], datetime]) -> LeasedTask:
    """For ``wiring``."""
    return LeasedTask(
        work=lambda running: _work(running, clouds, grace(), now), attempts=2, longest=timedelta(minutes=30)
    )


def _work(
    running: Running, clouds: Clouds, grace: timedelta | None, now: Callable[[], datetime]
) -> Mapping[str, Any]:  # fmt: skip
    name, market = running.payload["cloud"], market_id()
    running.progress(0, 1, gettext_noop("Listing the servers in the cloud"))
    try:
        adapter = clouds(name)
        if not isinstance(adapter, Inventory) or not market:
            return {}
        owned = adapter.owned(market)
    except (CloudError, LookupError) as error:
        raise NotNow(str(error)) from error
    found = note(name, owned, now=now())
    if grace is not None:
        _condemn(name, before=now() - grace, now=now())
    deleted, tried = 0, set[int]()
    while (orphan := _to_delete(name, tried)) is not None:
        running.progress(deleted, deleted + 1, gettext_noop("Deleting servers without an order"))
        tried.add(orphan.pk)
        deleted += _delete(orphan, running, adapter.release, now)
    return {"servers": len(owned), "orphans": found, "deleted": deleted}


def _to_delete(cloud: str, tried: Collection[int]) -> OrphanServer | None:
    """The next orphan; operators may ask for one while others are being deleted."""
    waiting = _open(cloud).filter(status=OrphanServer.Status.RELEASING).exclude(pk__in=tried)
    return waiting.order_by("pk").first()


# --- what the cloud has -----------------------------------------------------------------------------------------------


def note(cloud: str, owned: Sequence[Owned], *, now: datetime) -> int:
    """Keep which of these are orphans, and settle those that are none any more. Return how many there are."""
    with transaction.atomic():
        known = {orphan.provider_id: orphan for orphan in _open(cloud).select_for_update(of=("self",)).order_by("pk")}
        orphans = {server.server_id: server for server in _unowned(owned)}
        OrphanServer.objects.filter(pk__in=[known[name].pk for name in orphans if name in known]).update(seen_at=now)
        OrphanServer.objects.bulk_create([
            OrphanServer(
                cloud=cloud, provider_id=name[:128], token=server.token[:64], order=server.order[:64],
                name=server.name[:128], found_at=now, seen_at=now,
            )
            for name, server in orphans.items() if name not in known
        ])  # fmt: skip
        gone = [orphan for name, orphan in known.items() if name not in orphans]
        _end(gone, now)
    return len(orphans)


def _end(gone: Iterable[OrphanServer], now: datetime) -> None:
    for orphan in gone:
        deleted = orphan.status == OrphanServer.Status.RELEASING
        ORPHAN.move(orphan, OrphanEvent.END if deleted else OrphanEvent.SETTLE, now=now, actor=MARKET)
        OrphanServer.objects.filter(pk=orphan.pk).update(ended_at=now)


def _unowned(owned: Collection[Owned]) -> list[Owned]:
    tokens = {pk for server in owned if (pk := server_of_token(server.token)) is not None}
    rows = {row.pk: row for row in Server.objects.filter(pk__in=tokens)}
    waiting = Task.objects.filter(server__in=tokens, status=Task.Status.WAITING)
    busy = frozenset(waiting.values_list("server", flat=True))
    return [server for server in owned if not _belongs(server, rows, busy)]


def _belongs(server: Owned, rows: Mapping[int, Server], busy: Collection[int]) -> bool:
    """A server of which the cloud did not yet give the id belongs to its row while something is asked about it."""
    row = rows.get(server_of_token(server.token) or 0)
    if row is None:
        return False
    if row.provider_id:
        return row.provider_id == server.server_id and (row.status in LIVING or row.pk in busy)
    return row.pk in busy


# --- deleting ---------------------------------------------------------------------------------------------------------


def _open(cloud: str) -> QuerySet[OrphanServer]:
    return OrphanServer.objects.filter(cloud=cloud, ended_at=None)


def _condemn(cloud: str, *, before: datetime, now: datetime) -> None:
    """Those found so long ago are to be deleted, each with an entry in the audit log; not those that only an operator deletes."""
    with transaction.atomic():
        due = _open(cloud).filter(status=OrphanServer.Status.FOUND, found_at__lte=before)
        old = list(due.select_for_update(of=("self",)).order_by("pk"))
        spared = never_released(old)
        for orphan in old:
            if orphan.pk in spared:
                continue
            ORPHAN.move(orphan, OrphanEvent.RELEASE, now=now, actor=MARKET)
            about = Subject(kind=SUBJECT, id=str(orphan.pk), text=orphan.provider_id)
            details = {"cloud": cloud, "order": orphan.order, "found_at": orphan.found_at.isoformat()}
            act = Act(name=RELEASE_ACT, actor=None, actor_text=MARKET, about=about, details=details)
            record(act, Outcome.DONE, now=now)


def never_released(found: Collection[OrphanServer]) -> frozenset[int]:
    """Orphans whose server was recorded as released though nobody asked for it: the cloud did not list it for a while, for example
    with a wrong region in the cloud file. It may hold a buyer's data, so an operator decides about it."""
    server_of = {orphan.pk: pk for orphan in found if (pk := server_of_token(orphan.token)) is not None}
    servers = Server.objects.filter(pk__in=set(server_of.values()), status=Server.Status.RELEASED)
    named = dict(servers.values_list("pk", "provider_id"))
    asked = frozenset(Task.objects.filter(server__in=named, action=Action.RELEASE).values_list("server", flat=True))
    return frozenset(
        orphan.pk
        for orphan in found
        if (pk := server_of.get(orphan.pk)) in named and pk not in asked and named[pk] == orphan.provider_id
    )


def _delete(orphan: OrphanServer, running: Running, release: Release, now: Callable[[], datetime]) -> int:
    """By its id alone: the token may be that of a living server. What takes longer is seen at the next look."""
    try:
        seen = release(orphan.provider_id, token="")
        for _look in range(MOST_LOOKS):
            if seen.state is not State.UNFINISHED:
                break
            running.go_on()
            time.sleep(LOOK_EVERY)
            seen = release(orphan.provider_id, token="")
    except CloudError as error:
        OrphanServer.objects.filter(pk=orphan.pk).update(error=str(error)[:2000])
        return 0
    if seen.state is State.GONE:
        with transaction.atomic():
            _end([OrphanServer.objects.select_for_update(of=("self",)).get(pk=orphan.pk)], now())
    return 1


# --- what operators do ------------------------------------------------------------------------------------------------


def orphans() -> QuerySet[OrphanServer]:
    """Those that exist."""
    return OrphanServer.objects.filter(ended_at=None)


def keep(pk: int, *, actor: str, now: datetime) -> None:
    """Do not delete it by time. Raises ``Refused`` for what is kept or deleted already, ``DoesNotExist``."""
    with transaction.atomic():
        orphan = OrphanServer.objects.select_for_update(of=("self",)).get(pk=pk)
        if orphan.status != OrphanServer.Status.FOUND:
            raise _decided()
        ORPHAN.move(orphan, OrphanEvent.KEEP, now=now, actor=actor)


def release(pk: int, *, actor: str, now: datetime) -> None:
    """Delete it now. Raises ``Refused`` for what is deleted already, ``DoesNotExist``."""
    with transaction.atomic():
        orphan = OrphanServer.objects.select_for_update(of=("self",)).get(pk=pk)
        if orphan.status not in RELEASABLE:
            raise _decided()
        ORPHAN.move(orphan, OrphanEvent.RELEASE, now=now, actor=actor)
        start(orphan.cloud, now=now)


def _decided() -> Refused:
    return Refused("orphan.decided", _("This server was already kept or deleted. Reload the page to see its state."))
