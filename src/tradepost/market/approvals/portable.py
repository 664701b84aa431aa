"""Export and import of the approval limit with a market's configuration."""

from __future__ import annotations

from typing import Any

from tradepost.market.base.money import Money
from tradepost.market.base.portable import Importing, Place, Section
from tradepost.market.identity.models import User

from .limits import limit_of, set_limit


def dump(place: Place) -> dict[str, Any]:
    limit = limit_of(place.currency)
    return {"currency": limit.currency, "minor": limit.minor}


def load(section: Any, importing: Importing) -> None:
    limit = Money(int(section["minor"]), str(section["currency"]))
    if limit.currency == importing.place.currency and limit != limit_of(limit.currency):
        set_limit(limit, reason="Imported", by=User.objects.get(pk=importing.by), now=importing.now)


SECTIONS = (Section(name="approval_limit", dump=dump, load=load),)
