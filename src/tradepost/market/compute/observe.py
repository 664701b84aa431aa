"""Look at servers: how the cloud says they are now, for what nobody told. A leased job looks; what it saw is written at its end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from tradepost.market.base import jobs, leased_jobs
from tradepost.market.base.leased_jobs import LeasedTask, NotNow, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.values import as_dict

from .contract import CloudError, Compute, Seen, State
from .lifecycle import THERE
from .models import Server
from .tasks import Clouds, locked_server, look_at

KIND, TIMER = "compute.observe", "compute.observe"
AT_ONCE = 100
"""Servers that the cloud is asked about in one question."""


def schedule(cloud: str, every: timedelta | None, *, now: datetime) -> None:
    """When a worker starts: the timer of a cloud that has to be looked at stands."""
    if every is not None:
        jobs.schedule(TIMER, cloud, due_at=now + every, payload={"cloud": cloud})


def run(payload: Mapping[str, Any], now: datetime, *, clouds: Clouds) -> datetime | None:
    """Timer: begin a look at all servers of a cloud. One that is still under way is enough."""
    every = clouds(payload["cloud"]).observe_every
    if every is None:
        return None
    leased_jobs.start(KIND, payload["cloud"], payload={"cloud": payload["cloud"]}, now=now)
    return now + every


def look(server: Server, *, now: datetime) -> None:
    """Begin a look at one server."""
    leased_jobs.start(KIND, f"server-{server.pk}", payload={"server": server.pk, "cloud": server.cloud}, now=now)


def task(clouds: Clouds) -> LeasedTask:
    """For ``wiring``."""
    return LeasedTask(
        work=lambda running: _work(running, clouds), ended=_ended, attempts=2, longest=timedelta(minutes=10)
    )  # fmt: skip


def _work(running: Running, clouds: Clouds) -> Mapping[str, Any]:
    there = Server.objects.filter(cloud=running.payload["cloud"], status__in=THERE).exclude(provider_id="")
    if "server" in running.payload:
        there = there.filter(pk=running.payload["server"])
    known = dict(there.order_by("pk").values_list("provider_id", "pk"))
    try:
        found = _observed(running, known, clouds(running.payload["cloud"]))
    except (CloudError, LookupError) as error:
        raise NotNow(str(error)) from error
    if len(found) > 1 and all(seen.state is State.GONE for seen in found.values()):
        raise NotNow(
            f"the cloud knows none of {len(found)} servers: check region, project and account in the cloud file"
        )  # fmt: skip
    return {str(known[name]): as_dict(seen) for name, seen in found.items()}


def _observed(running: Running, names: Collection[str], adapter: Compute) -> dict[str, Seen]:
    """Each of these by its name in the cloud. Raises ``CloudError``."""
    found: dict[str, Seen] = {}
    for some in batched(names, AT_ONCE):
        running.progress(len(found), len(names))
        seen = adapter.observe(list(some))
        found |= {name: seen.get(name, Seen(server_id=name, state=State.GONE)) for name in some}
    return found


def _ended(job: LeasedJob, now: datetime) -> None:
    """A server that is changing, since something is asked of it, is left to that."""
    if job.outcome != LeasedJob.Outcome.DONE or job.result is None:
        return
    for pk, seen in sorted(job.result.items(), key=lambda one: int(one[0])):
        server = locked_server(int(pk))
        if server.status in THERE and not server.tasks.filter(status="waiting").exists():
            look_at(server, Seen(**{**seen, "state": State(seen["state"])}), now=now)
