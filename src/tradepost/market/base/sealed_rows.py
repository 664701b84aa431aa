"""Can this process open what the market sealed? With another secret key no seller could be called, and orders would fail.

Sealed columns are found by their names in the models, so that a new one needs no registration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.apps import apps
from django.db.models import Model, TextField
from msgspec import Struct

from .models import MarketIdentity
from .secrets import opens_with_present_key, seal, unseal

BATCH = 500
REMEDY = "Put back the secret key, or add the earlier key to TRADEPOST_OLD_SECRET_KEYS."


class Tried(Struct, frozen=True):
    """How many sealed texts were tried, and how many stayed closed."""

    all: int
    closed: int


def sealed_columns() -> list[tuple[type[Model], str]]:
    """Every column whose name begins with ``sealed``."""
    return [
        (model, field.attname)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields  # noqa: SLF001
        if isinstance(field, TextField) and field.attname.startswith("sealed")
    ]


def try_open(*, most: int) -> Tried:
    """The newest and the oldest texts of each column, ``most`` of either."""
    tried = closed = 0
    for model, column in sealed_columns():
        rows = model._base_manager.exclude(**{column: ""}).values_list(column, flat=True)  # noqa: SLF001
        for text in {*rows.order_by("-pk")[:most], *rows.order_by("pk")[:most]}:
            tried += 1
            closed += not _opens(text)
    return Tried(tried, closed)


def any_closed() -> bool:
    """Whether any sealed text of the market stays closed; reads all of them, up to the first."""
    return any(not _opens(text) for model, column in sealed_columns() for text in _texts(model, column))


def _texts(model: type[Model], column: str) -> Iterator[str]:
    rows = model._base_manager.exclude(**{column: ""}).order_by("pk").values_list("pk", column)  # noqa: SLF001
    after = 0
    while batch := list(rows.filter(pk__gt=after)[:BATCH]):
        yield from (text for _key, text in batch)
        after = batch[-1][0]


def _opens(text: str) -> bool:
    try:
        unseal(text)
    except ValueError:
        return False
    return True


# --- the checks beside the market id ----------------------------------------------------------------------------------


def open_checks(known: MarketIdentity) -> list[str]:
    """Those of the market's key checks that open with the present and the earlier keys."""
    return [check for check in known.key_checks if _opens(check) and unseal(check) == known.market_id]


def newest_opens(known: MarketIdentity) -> bool:
    """Whether this process has the key that the market ran with last; so has one whose market never ran."""
    return not known.key_checks or known.key_checks[-1] in open_checks(known)


def checks_after(known: MarketIdentity) -> Sequence[str]:
    """The checks once the market runs with the present key: what no key opens any more is dropped, a new key is added."""
    kept = open_checks(known)
    if not kept or not opens_with_present_key(kept[-1]):
        kept.append(seal(known.market_id))
    return kept
