"""*Find out why*: run the full tester against an address, like ``tradepost check``, with all connections through the
guard.

It is a leased job: it takes a minute or two, shows its progress, and continues after the tab is closed. The tester
releases what it creates.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _

from tradepost.check import CannotRun, Options, run
from tradepost.check.reports.as_json import as_json
from tradepost.check.results import Progress
from tradepost.market.base import leased_jobs
from tradepost.market.base.authorities import trusted
from tradepost.market.base.errors import Refused
from tradepost.market.base.guard import guarded_connection
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.base.secrets import unseal
from tradepost.market.production.models import Address

from .asked import require_key

KIND = "debugging.find_out"
TIMEOUT = 180.0
"""Time limit of a run in seconds. The report names checks that were not made in time."""
MAX_CONCURRENT = 8
"""Maximum number of simultaneous requests, in addition to the tester's load checks."""
MAX_STORED_LENGTH = 4_096
"""Maximum number of characters stored per message of an exchange."""
MAX_EXCHANGES = 2
SEPARATOR = "\n"
"""Separator between the two languages of a progress message."""


def about(address: Address) -> str:
    return f"address:{address.pk}"


def start(address: Address, *, by: str, now: datetime) -> LeasedJob:
    """Start a run against the address, or return the running one. Raises ``Refused`` without a key."""
    require_key(address)
    payload = {"address": address.pk, "by": by}
    return leased_jobs.start(KIND, about(address), payload=payload, now=now, seller_id=address.seller_id)


def newest(address: Address) -> LeasedJob | None:
    return leased_jobs.newest(KIND, about(address))


def task(*, outbound: Callable[[], OutboundPolicy]) -> LeasedTask:
    """Return the leased task. It has one attempt, since a second one would create instances again."""
    return LeasedTask(
        work=lambda running: work(running, outbound=outbound()),
        attempts=1,
        longest=timedelta(seconds=2 * TIMEOUT + 60),
        at_once=2,
    )


def work(running: RunningJob, *, outbound: OutboundPolicy) -> Mapping[str, Any]:
    """Return the tester's report for programs, shortened. Raises ``Refused``."""
    address = Address.objects.filter(pk=running.payload["address"], removed_at=None).first()
    if address is None:
        raise Refused("address.gone", _("This address was deleted."), HTTPStatus.NOT_FOUND)
    key = unseal(require_key(address).sealed)

    def report_progress(progress: Progress) -> None:
        running.progress(progress.done, progress.total, f"{progress.title.en[:98]}{SEPARATOR}{progress.title.zh[:98]}")

    options = Options(
        url=address.url,
        protocol=address.protocol,
        key=key,
        within=TIMEOUT,
        at_once=MAX_CONCURRENT,
        dial=partial(guarded_connection, outbound=outbound),
        tls=trusted(outbound.authorities),
    )
    try:
        report = run(options, report_progress)
    except CannotRun as error:
        raise Refused("debug.cannot_run", str(error)) from None
    return _shortened(json.loads(as_json(report)), key)


def _shortened(report: dict[str, Any], key: str) -> dict[str, Any]:
    """Reduce the report: names of passed checks, and the last exchanges of others. Replace the key, but not signed
    requests."""
    for result in report["results"]:
        result.pop("again", None)
        exchanges = result.get("exchanges", [])[-MAX_EXCHANGES:]
        for exchange in exchanges:
            exchange["answer"] = str(exchange["answer"])[:MAX_STORED_LENGTH]
            exchange["curl"] = str(exchange["curl"])[:MAX_STORED_LENGTH]
        result["exchanges"] = exchanges
    text = json.dumps(report).replace(json.dumps(key)[1:-1], "***")
    cleaned: dict[str, Any] = json.loads(text)
    return cleaned
