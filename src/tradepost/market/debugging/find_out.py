"""*Find out why*: the whole tester against one address, as ``tradepost check`` runs it, with every connection through the guard.

A leased job: it takes a minute or two, shows how far it is, and survives a closed tab. What the tester creates it releases.
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
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.base.secrets import unseal
from tradepost.market.production.models import Address

from .asked import need_key

KIND = "debugging.find_out"
WITHIN = 180.0
"""Seconds for a run; what was not asked by then is told."""
AT_ONCE = 8
"""Requests under way at a time: the tester's own crowds come on top."""
LONGEST_ANSWER = 4_096
"""Characters that are kept of what came with one exchange."""
MOST_EXCHANGES = 2
BETWEEN = "\n"
"""Stands between the two languages of what a run is doing."""


def about(address: Address) -> str:
    return f"address:{address.pk}"


def start(address: Address, *, by: str, now: datetime) -> LeasedJob:
    """Begin a run against the address, or find the one that is under way. Raises ``Refused`` without a key."""
    need_key(address)
    payload = {"address": address.pk, "by": by}
    return leased_jobs.start(KIND, about(address), payload=payload, now=now, seller_id=address.seller_id)


def newest(address: Address) -> LeasedJob | None:
    return leased_jobs.newest(KIND, about(address))


def task(*, outbound: Callable[[], OutboundPolicy]) -> LeasedTask:
    """How a run works. It is not tried again when a worker dies: what it had created would be created once more."""
    return LeasedTask(
        work=lambda running: work(running, outbound=outbound()),
        attempts=1,
        longest=timedelta(seconds=2 * WITHIN + 60),
        at_once=2,
    )


def work(running: Running, *, outbound: OutboundPolicy) -> Mapping[str, Any]:
    """The report, as the tester writes it for programs, with what is not shown left out. Raises ``Refused``."""
    address = Address.objects.filter(pk=running.payload["address"], removed_at=None).first()
    if address is None:
        raise Refused("address.gone", _("This address was deleted."), HTTPStatus.NOT_FOUND)
    key = unseal(need_key(address).sealed)

    def told(progress: Progress) -> None:
        running.progress(progress.done, progress.total, f"{progress.title.en[:98]}{BETWEEN}{progress.title.zh[:98]}")

    options = Options(
        url=address.url,
        protocol=address.protocol,
        key=key,
        within=WITHIN,
        at_once=AT_ONCE,
        dial=partial(guarded_connection, outbound=outbound),
        tls=trusted(outbound.authorities),
    )
    try:
        report = run(options, told)
    except CannotRun as why:
        raise Refused("debug.cannot_run", str(why)) from None
    return _shortened(json.loads(as_json(report)), key)


def _shortened(report: dict[str, Any], key: str) -> dict[str, Any]:
    """Of checks that passed, their names; of others, the last exchanges, cut. The key stands nowhere: signed requests do."""
    for one in report["results"]:
        one.pop("again", None)
        exchanges = one.get("exchanges", [])[-MOST_EXCHANGES:]
        for exchange in exchanges:
            exchange["answer"] = str(exchange["answer"])[:LONGEST_ANSWER]
            exchange["curl"] = str(exchange["curl"])[:LONGEST_ANSWER]
        one["exchanges"] = exchanges
    text = json.dumps(report).replace(json.dumps(key)[1:-1], "***")
    cleaned: dict[str, Any] = json.loads(text)
    return cleaned
