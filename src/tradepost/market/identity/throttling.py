"""Count tries against the limits declared in ``limits``; all web processes share the counts.

A *limit* allows a number of tries in a window. *Guesses* at a secret are delayed, each wrong one longer, and a
correct one ends the delay. They are counted by what is guessed and from where, so that an attacker is delayed and not
the owner. *Places* limit how much runs at the same time. ``now`` is real time everywhere, also in a sandbox."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Subquery
from django.utils.translation import ngettext
from limits import RateLimitItem, parse
from msgspec import Struct

from tradepost.market.base.prepared import Prepared
from tradepost.market.base.retention import Rule

from .limit_storage import DatabaseStorage, FixedWindow, hashed
from .limits import ConcurrencyLimit, Delays, Limit
from .models import Throttle

MAX_RETRIES = 5
"""Retries to find or create a count that others create and delete concurrently."""

RULE = Rule(name="tries", model=Throttle, when="until", setting="keep_tries_days")
"""A count that ended a day ago has no effect."""


def count(limit: Limit, key: str, *, now: datetime, most: int = 0) -> int:
    """Count a try. Return 0 if it is allowed, else the whole seconds until the next is. ``most``: the setting, if the
    limit has one."""
    item, storage = _item(limit, most), DatabaseStorage(now)
    if FixedWindow(storage).hit(item, limit.name, key):
        return 0
    return _seconds(storage.until(item.key_for(limit.name, key)) - now)


def undo_try(limit: Limit, key: str, *, most: int = 0) -> None:
    """Undo one counted try."""
    _reduce(_item(limit, most).key_for(limit.name, key))


def take_slot(places: ConcurrencyLimit, key: str, *, now: datetime) -> bool:
    """Take a slot until ``release_slot``; return False if all are taken."""
    return bool(DatabaseStorage(now).take(_key(places, key), places.lease, most=places.most, renews=True))


def release_slot(places: ConcurrencyLimit, key: str) -> None:
    """Release a slot taken with ``begin``."""
    _reduce(_key(places, key))


def begin_guess(delays: Delays, key: str, *, now: datetime) -> int:
    """Begin a guess, which counts as wrong unless ``clear_guesses`` follows. Return 0 if it may proceed, else the whole
    seconds until it may.

    It is counted before it is checked; otherwise many concurrent guesses would all count as the first."""
    with transaction.atomic():
        row = _locked(_key(delays, key), now)
        if seconds := _remaining(delays, row.number, row.until, now):
            return seconds
        _add_wrong(delays, row, now)
    return 0


def clear_guesses(delays: Delays, key: str) -> None:
    """The guess was correct: delete the count of wrong ones."""
    Throttle.objects.filter(key=hashed(_key(delays, key))).delete()


def undo_guess(delays: Delays, key: str, *, now: datetime) -> None:
    """Undo a counted guess that was not checked because another limit refused it."""
    counted_guesses = Throttle.objects.filter(key=hashed(_key(delays, key)), number__gt=0)
    counted_guesses.update(number=F("number") - 1, until=now)


def count_failure(delays: Delays, key: str, *, now: datetime) -> None:
    """Count a wrong guess after it was checked."""
    with transaction.atomic():
        _add_wrong(delays, _locked(_key(delays, key), now), now)


class Failures(Struct, frozen=True):
    """Wrong guesses that currently count. ``wait``: whole seconds until the next is allowed; 0: now."""

    number: int = 0
    wait: int = 0


def failures(delays: Delays, key: str, *, now: datetime) -> Failures:
    """Read a count without counting."""
    number, until = next(iter(_counts(key_of(delays, key))), (None, None))
    return failures_of(delays, number, until, now=now)


def failures_of(delays: Delays, number: int | None, until: datetime | None, *, now: datetime) -> Failures:
    """Return the same from the columns of the count's row, which another statement has read with ``columns``; None:
    there is no row."""
    if number is None or until is None:
        return Failures()
    return Failures(delays.still_counted(number, until, now), _remaining(delays, number, until, now))


def key_of(delays: Delays, key: str) -> str:
    """Return the key of a count's row."""
    return hashed(_key(delays, key))


def columns(key: Any) -> dict[str, Subquery]:
    """Return the columns of a count's row, to be read by another query; ``key``: a ``Slot`` for ``key_of``."""
    row = Throttle.objects.filter(key=key)
    return {"wrong_number": Subquery(row.values("number")), "wrong_until": Subquery(row.values("until"))}


def remember_fact(fact: str, *, until: datetime) -> None:
    """Store a fact until a time, such as a network from which a user signed in."""
    Throttle.objects.update_or_create(key=hashed(fact), defaults={"until": until})


def is_remembered(fact: str, *, now: datetime) -> bool:
    return Throttle.objects.filter(key=hashed(fact), until__gt=now).exists()


_counts = Prepared((models.CharField(),), lambda key: Throttle.objects.filter(key=key).values_list("number", "until"))


@lru_cache(maxsize=1024)
def _item(limit: Limit, default_count: int) -> RateLimitItem:
    return parse(f"{limit.most or default_count} per {limit.per}")


def _key(of: Delays | ConcurrencyLimit, key: str) -> str:
    return f"{of.name}/{key}"


def _reduce(key: str) -> None:
    Throttle.objects.filter(key=hashed(key), number__gt=0).update(number=F("number") - 1)


def _remaining(delays: Delays, number: int, until: datetime, now: datetime) -> int:
    """Without a delay, ``until`` is the time of the last guess, which may be later than ``now`` if the request waited
    for the row."""
    return _seconds(until - now) if until > now and delays.after(number) else 0


def _add_wrong(delays: Delays, row: Throttle, now: datetime) -> None:
    row.number = delays.still_counted(row.number, row.until, now) + 1
    row.until = max(row.until, now) + delays.after(row.number)
    row.save(update_fields=["number", "until"])


def _locked(key: str, now: datetime) -> Throttle:
    """Lock the row of a count. A concurrent request may delete it before it is read (``clear_guesses``), so try again."""
    for _ in range(MAX_RETRIES):
        with suppress(IntegrityError):
            return Throttle.objects.select_for_update().get_or_create(key=hashed(key), defaults={"until": now})[0]
    return Throttle.objects.select_for_update().get_or_create(key=hashed(key), defaults={"until": now})[0]


def _seconds(remaining: timedelta) -> int:
    return max(1, math.ceil(remaining.total_seconds()))


def format_wait(seconds: int) -> str:
    """Format a wait: seconds below a minute, else whole minutes, rounded up."""
    if seconds < 60:
        return ngettext("%(number)d second", "%(number)d seconds", seconds) % {"number": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes}
