"""A market of a given number of orders that runs one task after another on request and reports the time.

``python -m bench.growing_market DATABASE_URL FOLDER ORDERS SELLERS NOW ONLY``: prints ``ready`` with a file of the
tasks. After each ``go`` with a number and a count, it runs that task and prints ``done`` with the milliseconds of its
runs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .places import open_market
from .programs import say_done, say_ready, wait_for_go

if TYPE_CHECKING:
    from tests.factories.everything import Deed

LEFT_OUT = {
    "GET /balance/balance.csv": "a file of all that was booked, up to 10,000 lines: as much work as there are lines",
    "GET /balance/balance.csv?kind=refund": "the same of one kind",
    "GET /seller/settlements/<int:pk>/export/<slug:kind>/": "a file of all lines of a statement, a hundred times as many there",
    "GET /console/settlements/<int:pk>/export/<slug:kind>/": "the same, for an operator",
    "timer base.retention": "a batch of 5,000 old rows where there are so many: as much work as there is to clear",
}
"""Tasks whose time may grow with the data, and why."""
MAX_MILLISECONDS = 1500
"""Milliseconds after which a task is not repeated in this turn."""


def main() -> None:
    database, folder, orders, sellers, now, only = sys.argv[1:]
    open_market(Path(folder), database_url=database, open_api_rate="1000000/second")
    from tests.factories import everything, many
    from tradepost.market.web import logs

    logs.configure(form="json", level="WARNING")
    size, moment = many.Size(orders=int(orders), sellers=int(sellers)), datetime.fromisoformat(now)
    many.fill(size, now=moment)
    many.analyze(vacuum=True)
    deeds = [deed for deed in everything.everything(size, now=moment) if deed.name not in LEFT_OUT]
    if only:
        deeds = [deed for deed in deeds if any(word in deed.name for word in only.split(","))]
    if not deeds:
        raise SystemExit(f"nothing here is called {only}")
    names = Path(folder) / "names.json"
    names.write_text(json.dumps([deed.name for deed in deeds]))
    say_ready(names)
    run_on_request(deeds)


def run_on_request(deeds: Sequence[Deed]) -> None:
    """Until the benchmark ends, run the requested task as often as requested, and report the milliseconds of each
    run."""
    while True:
        number, runs = map(int, wait_for_go())
        milliseconds = [timed(deeds[number])]  # warms up
        while len(milliseconds) < 2 or (len(milliseconds) <= runs and sum(milliseconds) < MAX_MILLISECONDS):
            milliseconds.append(timed(deeds[number]))
        say_done(*(f"{millisecond:.4f}" for millisecond in milliseconds[1:]))


def timed(deed: Deed) -> float:
    """Return the milliseconds of one run, which is rolled back."""
    from django.db import transaction

    with transaction.atomic():
        prepared = deed.prepare()
        begun = time.perf_counter()
        deed.act(prepared)
        spent = time.perf_counter() - begun
        transaction.set_rollback(True)
    return 1000 * spent


if __name__ == "__main__":
    main()
