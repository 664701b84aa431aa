"""Check whether this process can open the market's sealed values. With a wrong secret key, no seller could be called,
and orders would fail.

Sealed columns are found by their names in the models, so a new one needs no registration. A model lists its JSON
columns with sealed texts in ``sealed_inside``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.db.models import Model, TextField
from msgspec import Struct

from .models import MarketIdentity
from .secrets import opens_with_present_key, seal, unseal

BATCH = 500
REMEDY = "Put back the secret key, or add the earlier key to TRADEPOST_OLD_SECRET_KEYS."


class OpenCheck(Struct, frozen=True):
    """How many sealed texts were tried, and how many could not be opened."""

    all: int
    closed: int


def sealed_columns() -> list[tuple[type[Model], str]]:
    """Return every column whose name begins with ``sealed``."""
    return [
        (model, field.attname)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields  # noqa: SLF001
        if isinstance(field, TextField) and field.attname.startswith("sealed")
    ]


def sealed_documents() -> list[tuple[type[Model], str]]:
    """Return the JSON columns with sealed texts, under keys whose name begins with ``sealed``."""
    return [(model, column) for model in apps.get_models() for column in getattr(model, "sealed_inside", ())]


def all_sealed() -> list[tuple[type[Model], str]]:
    """Return every column with sealed texts, as its value or inside it."""
    return [*sealed_columns(), *sealed_documents()]


def texts_in(value: Any) -> Iterator[str]:
    """Return the sealed texts of a column's value: the value itself, or those inside a JSON document."""
    if isinstance(value, str):
        yield from [value] if value else []
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(item, str) or str(key).startswith("sealed"):
                yield from texts_in(item)
    elif isinstance(value, list):
        yield from (text for item in value if not isinstance(item, str) for text in texts_in(item))


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """Return the value with ``change`` applied to each text that ``texts_in`` finds."""
    if isinstance(value, str):
        return change(value) if value else value
    if isinstance(value, Mapping):
        return {
            key: item if isinstance(item, str) and not str(key).startswith("sealed") else changed(item, change)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [item if isinstance(item, str) else changed(item, change) for item in value]
    return value


def try_open(*, most: int) -> OpenCheck:
    """Try the newest and the oldest texts of each column, ``most`` of each."""
    tried_count = closed_count = 0
    for model, column in all_sealed():
        rows = model._base_manager.exclude(**{column: ""}).values_list(column, flat=True)  # noqa: SLF001
        values = [*rows.order_by("-pk")[:most], *rows.order_by("pk")[:most]]
        for text in {text for value in values for text in texts_in(value)}:
            tried_count += 1
            closed_count += not opens(text)
    return OpenCheck(tried_count, closed_count)


def has_unreadable() -> bool:
    """Return whether any sealed text of the market cannot be opened. Reads texts until it finds one."""
    return any(not opens(text) for text in _all_texts())


def needs_earlier_key() -> bool:
    """Return whether the current key alone cannot open some sealed text. Reads texts until it finds one."""
    return any(not opens_with_present_key(text) for text in _all_texts())


def _all_texts() -> Iterator[str]:
    for model, column in all_sealed():
        for batch in batches(model, column):
            yield from (text for _key, value in batch for text in texts_in(value))


def batches(model: type[Model], column: str, *, size: int = BATCH) -> Iterator[list[tuple[Any, Any]]]:
    """Return key and value of the non-empty rows in the order of their keys, ``size`` at a time."""
    rows = model._base_manager.exclude(**{column: ""}).order_by("pk").values_list("pk", column)  # noqa: SLF001
    batch = list(rows[:size])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1][0])[:size])


def opens(text: str) -> bool:
    """Return whether the current key or an earlier one opens the text."""
    try:
        unseal(text)
    except ValueError:
        return False
    return True


# --- the checks beside the market id ----------------------------------------------------------------------------------


def open_checks(identity: MarketIdentity) -> list[str]:
    """Return the market's key checks that the current or an earlier key opens."""
    return [check for check in identity.key_checks if opens(check) and unseal(check) == identity.market_id]


def newest_opens(identity: MarketIdentity) -> bool:
    """Return whether this process has the key with which the market last ran. True for a market that never ran."""
    return not identity.key_checks or identity.key_checks[-1] in open_checks(identity)


def checks_after(identity: MarketIdentity) -> Sequence[str]:
    """Return the key checks for a market that runs with the current key: drop those that no key opens, add one for a
    new key."""
    checks = open_checks(identity)
    if not checks or not opens_with_present_key(checks[-1]):
        checks.append(seal(identity.market_id))
    return checks
