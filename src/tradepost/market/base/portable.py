"""Sections of a market's configuration that can be exported to a file and imported into an empty market.

Contexts declare them in ``portable.py``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct


class Place(Struct, frozen=True):
    """The market that writes or reads the file: its currency and its files folder."""

    currency: str
    files: Path


class Importing(Struct, frozen=True):
    """An import: user, market and time. ``by``: the primary key of an owner."""

    by: int
    place: Place
    now: datetime


class Section(Struct, frozen=True, kw_only=True):
    """``dump`` returns JSON values without secrets, history or personal data. ``load`` receives them in the
    transaction of the whole import, and raises ``Refused`` for an invalid value."""

    name: str
    dump: Callable[[Place], Any]
    load: Callable[[Any, Importing], None]
