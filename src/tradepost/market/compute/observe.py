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
    servers = Server.objects.filter(cloud=running.payload["cloud"], status__in=EXISTING_STATUSES).exclude(
        provider_id=""
    )
    if "server" in running.payload:
        servers = servers.filter(pk=running.payload["server"])
    keys = dict(servers.order_by("pk").values_list("provider_id", "pk"))
    try:
        observed_servers = _observed(running, keys, clouds(running.payload["cloud"]))
    except (CloudError, LookupError) as error:
        raise RetryLater(str(error)) from error
    if len(observed_servers) > 1 and all(
        observed_server.state is State.GONE for observed_server in observed_servers.values()
    ):
        raise RetryLater(
            f"the cloud knows none of {len(observed_servers)} servers: check region, project and account in the cloud file"
        )  # fmt: skip
    return {str(keys[name]): as_dict(observed_server) for name, observed_server in observed_servers.items()}


def _observed(running: RunningJob, names: Collection[str], adapter: Compute) -> dict[str, ObservedServer]:
    """Return each server by its id in the cloud. Raises ``CloudError``."""
    servers: dict[str, ObservedServer] = {}
    for batch in batched(names, BATCH_SIZE):
        running.progress(len(servers), len(names))
        batch_servers = adapter.observe(list(batch))
        servers |= {name: batch_servers.get(name, ObservedServer(server_id=name, state=State.GONE)) for name in batch}
    return servers


def _ended(job: LeasedJob, now: datetime) -> None:
    """Store the observed states. A server with an open task is skipped, since the task updates it."""
    if job.outcome != LeasedJob.Outcome.DONE or job.result is None:
        return
    for pk, observed_server in sorted(job.result.items(), key=lambda item: int(item[0])):
        server = locked_server(int(pk))
        if server.status in EXISTING_STATUSES and not server.tasks.filter(status="waiting").exists():
            store_observation(
                server, ObservedServer(**{**observed_server, "state": State(observed_server["state"])}), now=now
            )
