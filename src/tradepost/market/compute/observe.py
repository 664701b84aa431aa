"""Observe servers whose changes the cloud does not report. A leased job reads the states and stores them when it
ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from tradepost.market.base import jobs, leased_jobs
from tradepost.market.base.leased_jobs import LeasedTask, RetryLater, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.values import as_dict

from .contract import CloudError, Compute, ObservedServer, State
from .lifecycle import EXISTING_STATUSES
from .models import Server
from .tasks import Clouds, locked_server, store_observation

KIND, TIMER = "compute.observe", "compute.observe"
BATCH_SIZE = 100
"""Maximum number of servers per request to the cloud."""
CONFIRMED_AFTER = timedelta(minutes=10)
"""Time between the two answers that a server does not exist, before the market believes it."""


def schedule(cloud: str, every: timedelta | None, *, now: datetime) -> None:
    """Schedule observations of a cloud when a worker starts, unless the cloud reports changes itself."""
    if every is not None:
        jobs.schedule(TIMER, cloud, due_at=now + every, payload={"cloud": cloud})


def run(payload: Mapping[str, Any], now: datetime, *, clouds: Clouds) -> datetime | None:
    """Timer: start to observe all servers of a cloud, unless an observation is running."""
    interval = clouds(payload["cloud"]).observe_every
    if interval is None:
        return None
    leased_jobs.start(KIND, payload["cloud"], payload={"cloud": payload["cloud"]}, now=now)
    return now + interval


def observe_server(server: Server, *, now: datetime) -> None:
    """Start to observe one server."""
    leased_jobs.start(KIND, f"server-{server.pk}", payload={"server": server.pk, "cloud": server.cloud}, now=now)


def task(clouds: Clouds) -> LeasedTask:
    """The leased task that ``wiring`` registers."""
    return LeasedTask(
        work=lambda running: _work(running, clouds), ended=_ended, attempts=2, longest=timedelta(minutes=10)
    )  # fmt: skip


def _work(running: RunningJob, clouds: Clouds) -> Mapping[str, Any]:
    """Ask the cloud about the servers. For one that it does not list, ask again about this server alone, and in which
    place these answers hold."""
    servers = Server.objects.filter(cloud=running.payload["cloud"], status__in=EXISTING_STATUSES).exclude(
        provider_id=""
    )
    if "server" in running.payload:
        servers = servers.filter(pk=running.payload["server"])
    places = {
        provider_id: (pk, place)
        for provider_id, pk, place in servers.order_by("pk").values_list("provider_id", "pk", "place")
    }
    try:
        adapter = clouds(running.payload["cloud"])
        place = adapter.place()
        observed_servers = _observed(running, places, adapter)
        missing = [
            provider_id
            for provider_id in places
            if provider_id not in observed_servers or observed_servers[provider_id].state is State.GONE
        ]
        gone = {
            provider_id for provider_id in missing if places[provider_id][1] == place and adapter.is_gone(provider_id)
        }
        place_after = adapter.place() if missing else place
    except (CloudError, LookupError) as error:
        raise RetryLater(str(error)) from error
    if place_after != place:
        raise RetryLater("the cloud file changed during the observation")
    return {
        "place": place,
        "servers": {
            str(places[provider_id][0]): as_dict(observed_server)
            for provider_id, observed_server in observed_servers.items()
            if provider_id not in missing
        },
        "gone": [places[provider_id][0] for provider_id in missing if provider_id in gone],
        "unknown": [places[provider_id][0] for provider_id in missing if provider_id not in gone],
    }


def _observed(running: RunningJob, names: Collection[str], adapter: Compute) -> dict[str, ObservedServer]:
    """Return the servers that the cloud lists, by their id there. Raises ``CloudError``."""
    servers: dict[str, ObservedServer] = {}
    for position, batch in enumerate(batched(names, BATCH_SIZE)):
        running.progress(position * BATCH_SIZE, len(names))
        servers |= {name: found for name, found in adapter.observe(list(batch)).items() if name in batch}
    return servers


def _ended(job: LeasedJob, now: datetime) -> None:
    """Store the answers. A server with an open task is skipped, since the task updates it."""
    if job.outcome != LeasedJob.Outcome.DONE or job.result is None:
        return
    place, found = job.result["place"], job.result["servers"]
    gone, unknown = set(job.result["gone"]), set(job.result["unknown"])
    for pk in sorted({*map(int, found), *gone, *unknown}):
        server = locked_server(pk)
        if server.status not in EXISTING_STATUSES or server.tasks.filter(status="waiting").exists():
            continue
        if pk in gone:
            _store_absence(server, now)
        elif pk in unknown:
            _store_doubt(server, place, now)
        else:
            answer = found[str(pk)]
            _store_presence(server, place)
            store_observation(server, ObservedServer(**{**answer, "state": State(answer["state"])}), now=now)


def _store_presence(server: Server, place: str) -> None:
    Server.objects.filter(pk=server.pk).update(place=place, missing_since=None, unknown_since=None, unknown_in="")
    server.place, server.missing_since, server.unknown_since, server.unknown_in = place, None, None, ""


def _store_absence(server: Server, now: datetime) -> None:
    """Record that the cloud says, in the place where the server was created, that it does not exist. The second answer,
    at least ``CONFIRMED_AFTER`` later, ends the server from the time of the first."""
    since = server.missing_since
    if since is None:
        server.missing_since = now
    server.unknown_since, server.unknown_in = None, ""
    server.save(update_fields=["missing_since", "unknown_since", "unknown_in"])
    if since is not None and now - since >= CONFIRMED_AFTER:
        gone = ObservedServer(server_id=server.provider_id, state=State.GONE)
        store_observation(server, gone, now=now, at=since)


def _store_doubt(server: Server, place: str, now: datetime) -> None:
    """Record that the cloud does not know the server, although that proves nothing: the answer is about another place,
    the server's place is not known, or the cloud contradicts itself. Operators find it in the work queue."""
    server.missing_since = None
    server.unknown_since = server.unknown_since or now
    server.unknown_in = place
    server.save(update_fields=["missing_since", "unknown_since", "unknown_in"])
