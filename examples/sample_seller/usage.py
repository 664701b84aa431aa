"""Usage of on-demand products: sign-ins are counted, and the kit's outbox reports them to the market.

Times are the market's, which it uses to judge usage: a sandbox's time may be moved, so the reporter queries it each
time. With ``pretended`` sign-ins per hour, workspaces appear used: for a demo, never for a real market.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from database import Database

from tradepost.kit.client import MarketError

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event

    from accounts import Accounts

    from tradepost.kit.client import MarketClient
    from tradepost.kit.usage import UsageOutbox

log = logging.getLogger("sample_seller")

SCHEMA = """
CREATE TABLE IF NOT EXISTS use (
  number INTEGER PRIMARY KEY, instance_id TEXT NOT NULL, second INTEGER NOT NULL, batch INTEGER
);
CREATE INDEX IF NOT EXISTS use_batch ON use (batch);
CREATE TABLE IF NOT EXISTS pretended (instance_id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
"""
HOUR = 3600
OPENED_WITHIN = 300
OLDEST = 20 * 24 * HOUR
"""Usage must not be more than 21 days old (openapi-jointkit §C.5 rule 5)."""
BUSY = (1, 1, 1, 1, 1, 1, 2, 5, 9, 10, 10, 9, 6, 8, 10, 10, 9, 7, 5, 4, 3, 2, 2, 1)
"""Tenths of the simulated sign-ins, by hour of the day in Beijing."""
NOTABLE = 2
"""Minimum difference in seconds between two clocks."""
QUICKER = 10
BEIJING = timedelta(hours=8)


class Usage:
    """``pretended``: simulated sign-ins per hour."""

    def __init__(
        self, folder: Path, accounts: Accounts, market: MarketClient, outbox: UsageOutbox, pretended: int = 0
    ) -> None:
        self._rows = Database(folder / "usage.db", SCHEMA)
        self._accounts = accounts
        self._market = market
        self._outbox = outbox
        self._pretended = pretended
        self._ahead = 0

    def now(self) -> datetime:
        """Return the market's time, from its last known offset."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def signed_in(self, instance_id: str) -> None:
        """Store a sign-in to a charged product, with this machine's time until it is reported."""
        if instance_id in self._accounts.on_demand():
            self._rows.write("INSERT INTO use (instance_id, second) VALUES (?, ?)", (instance_id, int(time.time())))

    def run(self, stop: Event, *, every: timedelta) -> None:
        """Report repeatedly, as the body of a thread. Errors are logged and retried in the next turn."""
        pause = usual = every.total_seconds()
        while not stop.wait(pause):
            pause, before = usual, self._ahead
            try:
                self.report()
                # While a sandbox's clock is moved, days pass in seconds, so usage is reported more often to be charged
                # in time.
                pause = usual if self._ahead - before < NOTABLE else usual / QUICKER
            except MarketError as error:
                log.warning("usage is not reported now: %s", error)
            except Exception:
                log.exception("usage is not reported now")

    def report(self) -> None:
        """Query the market's time, add usage until then to the outbox, and push it. Raises ``MarketError``."""
        if not self._accounts.on_demand() and not self._outbox.waiting():
            return
        here, now = int(time.time()), self._market.market_time()
        ahead = int(now.timestamp()) - here
        self._ahead = ahead if ahead > NOTABLE else 0  # a smaller difference is the duration of the answer
        self._pretend(here + self._ahead)
        self._collect(here)
        told = self._outbox.push(now=now)
        if told.trouble:
            log.warning("usage stays in the outbox: %s", told.trouble)
        for record in self._outbox.refused() if told.refused else ():
            log.warning("usage of %s was refused: %s", record.instance_id, record.error)

    def _collect(self, here: int) -> None:
        """Add completed seconds of sign-ins, one record per instance, in the market's time. They are marked first: a
        crashed process adds the same ones again, which the outbox recognises."""
        [(last,)] = self._rows.read("SELECT coalesce(max(batch), 0) FROM use")
        self._rows.write(
            "UPDATE use SET batch = ?, second = second + ? WHERE batch IS NULL AND second < ?",
            (last + 1, self._ahead, here),
        )
        batches = self._rows.read(
            "SELECT batch, instance_id, min(second), max(second), count(*) FROM use WHERE batch IS NOT NULL"
            " GROUP BY batch, instance_id ORDER BY batch"
        )
        for batch, instance_id, first, latest, times in batches:
            self._add(instance_id, first, latest, times, here + self._ahead)
            self._rows.write("DELETE FROM use WHERE batch = ? AND instance_id = ?", (batch, instance_id))

    def _pretend(self, now: int) -> None:
        """Simulate completed hours. Frozen services are not used."""
        if not self._pretended:
            return
        for instance_id in self._accounts.on_demand():
            rows = self._rows.read("SELECT until FROM pretended WHERE instance_id = ?", (instance_id,))
            # The first whole hour after the service appeared; it is open by then.
            begin = rows[0][0] if rows else -(-(now + OPENED_WITHIN) // HOUR) * HOUR
            account = self._accounts.get(instance_id)
            if account is not None and not account.frozen:
                for hour in range(max(begin, (now - OLDEST) // HOUR * HOUR), now // HOUR * HOUR, HOUR):
                    self._add(instance_id, hour, hour + HOUR, self._sign_ins(hour), now)
                    self._accounts.count(instance_id, self._sign_ins(hour))
            until = max(begin, now // HOUR * HOUR)
            self._rows.write("REPLACE INTO pretended VALUES (?, ?)", (instance_id, until))

    def _sign_ins(self, hour: int) -> int:
        """Return the same number for an hour each time; weekends are quiet."""
        local = datetime.fromtimestamp(hour, UTC) + BEIJING
        quiet = 3 if local.weekday() >= 5 else 1
        return max(1, self._pretended * BUSY[local.hour] * (9 + hour // HOUR % 3) // (100 * quiet))

    def _add(self, instance_id: str, begins: int, ends: int, times: int, now: int) -> None:
        begins_at, ends_at, at = (datetime.fromtimestamp(second, UTC) for second in (begins, ends, now))
        self._outbox.add(instance_id, begins_at=begins_at, ends_at=ends_at, value=Decimal(times), now=at)
