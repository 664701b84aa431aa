"""How often one may try what others could abuse: counts that all web processes share, and nobody can flush by trying more.

A *window* lets so many pass in so many seconds. *Guesses* at a secret are delayed, each wrong one longer, and a right one
ends the delay; they are counted by what is guessed and where from, so that a stranger delays himself and not the owner.
*Places* bound how much runs at the same time.
"""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext

from tradepost.market.base.retention import Rule

from .models import Throttle

FREE = 4
"""Wrong guesses in a row that cost nothing: so often people mistype."""
LONGEST = timedelta(minutes=15)
"""Of the delays, which double from two seconds on: a guesser has a hundred tries a day from one network."""
FORGOTTEN = timedelta(days=1)
"""After a delay nobody is reminded of older guesses."""
AGAIN = 5
"""Tries to find or make a count that others make and delete meanwhile."""

RULE = Rule(name="tries", model=Throttle, when="until", setting="keep_tries_days")
"""Nothing depends on a count that ended a day ago."""


def window(what: str, *, most: int, length: timedelta, now: datetime) -> int:
    """Count a try of ``what``: 0 when it may pass, else the whole seconds after which the next may. ``now``: real time."""
    with transaction.atomic():
        row = _locked(what, now)
        if row.until <= now:
            row.number, row.until = 0, now + length
        if row.number >= most:
            return _seconds(row.until - now)
        row.number += 1
        row.save(update_fields=["number", "until"])
    return 0


def begin(what: str, *, most: int, lease: timedelta, now: datetime) -> bool:
    """Take one of ``most`` places until ``end``; False when all are taken. Places whose holder died are free after ``lease``."""
    with transaction.atomic():
        row = _locked(what, now)
        if row.until <= now:
            row.number = 0
        if row.number >= most:
            return False
        row.number, row.until = row.number + 1, now + lease
        row.save(update_fields=["number", "until"])
    return True


def end(what: str) -> None:
    """Give back a place of ``begin``."""
    Throttle.objects.filter(key=_key(what), number__gt=0).update(number=F("number") - 1)


def guess(what: str, *, now: datetime, free: int = FREE) -> int:
    """Begin a guess, which counts as wrong unless ``guessed`` follows: 0 when it may, else the whole seconds until it may.
    ``free``: wrong guesses in a row without a delay.

    It is counted before it is judged, or many at a time would all be the first.
    """
    with transaction.atomic():
        row = _locked(what, now)
        # Without a delay ``until`` is the time of the last guess, which is later than ``now`` for a request that waited for the row.
        if row.until > now and delay_after(row.number, free):
            return _seconds(row.until - now)
        if row.until + FORGOTTEN <= now:
            row.number = 0
        row.number += 1
        row.until = max(row.until, now) + delay_after(row.number, free)
        row.save(update_fields=["number", "until"])
    return 0


def guessed(what: str) -> None:
    """It was right: nothing is held against whoever guessed."""
    Throttle.objects.filter(key=_key(what)).delete()


def take_back(what: str, *, now: datetime) -> None:
    """Undo one guess that was counted and then not judged, because another limit refused it."""
    Throttle.objects.filter(key=_key(what), number__gt=0).update(number=F("number") - 1, until=now)


def give_back(what: str) -> None:
    """Undo one try in a window."""
    Throttle.objects.filter(key=_key(what), number__gt=0).update(number=F("number") - 1)


def remember(what: str, *, until: datetime) -> None:
    """Store a fact until a moment, such as a network from which somebody signed in."""
    Throttle.objects.update_or_create(key=_key(what), defaults={"until": until})


def remembers(what: str, *, now: datetime) -> bool:
    return Throttle.objects.filter(key=_key(what), until__gt=now).exists()


def delay_after(wrong: int, free: int = FREE) -> timedelta:
    """How long nobody may guess after so many wrong guesses in a row."""
    if wrong <= free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(wrong - free, 20)), LONGEST)


def _locked(what: str, now: datetime) -> Throttle:
    """The row of another who came at the same moment may be gone again before it is read (``guessed``): then once more."""
    for _ in range(AGAIN):
        with suppress(IntegrityError):
            return Throttle.objects.select_for_update().get_or_create(key=_key(what), defaults={"until": now})[0]
    return Throttle.objects.select_for_update().get_or_create(key=_key(what), defaults={"until": now})[0]


def _key(what: str) -> str:
    return salted_hmac("tradepost.throttling", what, algorithm="sha256").hexdigest()


def _seconds(left: timedelta) -> int:
    return max(1, math.ceil(left.total_seconds()))


def in_words(seconds: int) -> str:
    """How long to wait: seconds below a minute, else whole minutes, rounded up."""
    if seconds < 60:
        return ngettext("%(number)d second", "%(number)d seconds", seconds) % {"number": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes}
