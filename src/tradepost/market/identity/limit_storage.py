"""Storage backend of the library ``limits`` in the market's database: one row per key, counted in one statement for
all processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils.crypto import salted_hmac
from limits import RateLimitItem
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from tradepost.market.base import rows

from .models import Throttle

_TAKE = """
INSERT INTO identity_throttle AS t (key, number, until) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET
    number = CASE WHEN t.until <= %s THEN excluded.number ELSE t.number + excluded.number END,
    until = CASE WHEN t.until <= %s OR %s THEN excluded.until ELSE t.until END
WHERE t.until <= %s OR t.number + excluded.number <= %s
RETURNING number
"""
"""Concurrent tries of one key wait for its row, so all are counted. Returns no row for a try above the limit."""
_UNLIMITED = 2**31 - 1


class DatabaseStorage(Storage):
    """Counts at the time ``now``. Keys are stored as keyed hashes, which do not reveal the addresses that were
    tried."""

    STORAGE_SCHEME = None

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.now = now

    @property
    def base_exceptions(self) -> type[Exception]:
        return DatabaseError

    def take(self, key: str, lease: timedelta, *, most: int, amount: int = 1, renews: bool = False) -> int:
        """Count ``amount`` and return the new number; return 0 without counting if it would exceed ``most``.

        ``lease``: how long a new count lasts. ``renews``: each try extends it."""
        if amount > most:
            return 0
        now, until = rows.moment(self.now), rows.moment(self.now + lease)
        parameters: list[Any] = [hashed(key), amount, until, now, now, renews, now, most]
        with transaction.atomic(savepoint=False), connection.cursor() as cursor:
            cursor.execute(_TAKE, parameters)
            row = cursor.fetchone()
        return int(row[0]) if row else 0

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return self.take(key, timedelta(seconds=expiry), most=_UNLIMITED, amount=amount)

    def get(self, key: str) -> int:
        number = Throttle.objects.filter(key=hashed(key), until__gt=self.now).values_list("number", flat=True).first()
        return number or 0

    def get_expiry(self, key: str) -> float:
        """Return the end of the count, in seconds since 1970; now if there is none."""
        return self.until(key).timestamp()

    def until(self, key: str) -> datetime:
        end = Throttle.objects.filter(key=hashed(key), until__gt=self.now).values_list("until", flat=True).first()
        return end.astimezone(UTC) if end else self.now

    def check(self) -> bool:
        """Return whether the database is available."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True

    def reset(self) -> int | None:
        return Throttle.objects.all().delete()[0]

    def clear(self, key: str) -> None:
        Throttle.objects.filter(key=hashed(key)).delete()


class FixedWindow(FixedWindowRateLimiter):
    """A window begins with its first try. A refused try is not counted, so a slot that is released is free."""

    storage: DatabaseStorage

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        length = timedelta(seconds=item.get_expiry())
        return bool(self.storage.take(item.key_for(*identifiers), length, most=item.amount, amount=cost))


def hashed(key: str) -> str:
    return salted_hmac("tradepost.throttling", key, algorithm="sha256").hexdigest()
