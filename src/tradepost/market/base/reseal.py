"""Encrypt all sealed values with the current secret key, so that an earlier key can be removed.

The market may run meanwhile. A batch is one transaction that locks its rows and reads them again. A run stores no
progress: values that the current key opens are skipped, so an interrupted run can simply be repeated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from msgspec import Struct, field

from . import sealed_rows
from .models import MarketIdentity
from .secrets import fingerprints, opens_with_present_key, reseal, sealed_at, unseal

BATCH = 200
MAX_PASSES = 5


class Count(Struct, frozen=True):
    """Values of one or all columns: those re-encrypted now, those already current, and those that no key opens."""

    resealed: int = 0
    current: int = 0
    closed: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.resealed + other.resealed, self.current + other.current, self.closed + other.closed)


class KeyedHash(Struct, frozen=True, kw_only=True):
    """A column of ``secrets.fingerprints``. ``sealed``: the column with its clear text, from which the hash can be
    recomputed.

    Without ``sealed``, only a new secret can replace the hash. Then ``name`` identifies what to renew, ``issued`` is
    the column with its time, and ``live`` selects the rows that are still valid."""

    model: type[Model]
    column: str
    sealed: str = ""
    purpose: Callable[[Any], str] | None = None
    name: str = ""
    issued: str = ""
    live: Q = field(default_factory=Q)


def run(progress: Callable[[str, Count], None] = lambda _column, _count: None) -> Count:
    """Encrypt every value; ``progress`` receives each column after each of its batches. Return the state after the
    last pass.

    A process may write back a row that it read earlier, so passes repeat until one finds nothing to do."""
    resealed_count, count = 0, Count()
    for _ in range(MAX_PASSES):
        count = Count()
        for model, column in sealed_rows.all_sealed():
            count += _column(model, column, progress)
        resealed_count += count.resealed
        if not count.resealed:
            break
    return Count(resealed_count, count.current - (resealed_count - count.resealed), count.closed)


def _column(model: type[Model], column: str, progress: Callable[[str, Count], None]) -> Count:
    total, name = Count(), f"{model._meta.label}.{column}"  # noqa: SLF001
    for batch in sealed_rows.batches(model, column, size=BATCH):
        stale = [pk for pk, value in batch if not all(map(opens_with_present_key, sealed_rows.texts_in(value)))]
        texts = sum(len(list(sealed_rows.texts_in(value))) for _pk, value in batch)
        done_count, closed_count = _reseal(model, column, stale) if stale else (0, 0)
        total += Count(done_count, max(texts - done_count - closed_count, 0), closed_count)
        progress(name, total)
    return total


def _reseal(model: type[Model], column: str, keys: Collection[Any]) -> tuple[int, int]:
    """Return how many texts were re-encrypted, and how many no key opens."""
    done_count = closed_count = 0

    def change(text: str) -> str:
        nonlocal done_count, closed_count
        try:
            changed_text = reseal(text)
        except ValueError:
            closed_count += 1
            return text
        done_count += changed_text != text
        return changed_text

    with transaction.atomic():
        rows = model._base_manager.filter(pk__in=keys).order_by("pk")  # noqa: SLF001
        for pk, value in rows.select_for_update(of=("self",)).values_list("pk", column):
            changed_value = sealed_rows.changed(value, change)
            if changed_value != value:
                model._base_manager.filter(pk=pk).update(**{column: changed_value})  # noqa: SLF001
    return done_count, closed_count


# --- keyed hashes -----------------------------------------------------------------------------------------------------


def recompute_hashes(hashes: Sequence[KeyedHash]) -> int:
    """Recompute the hashes that have their clear text sealed beside them. Return how many changed."""
    changed_count = 0
    for keyed_hash in hashes:
        if keyed_hash.sealed and keyed_hash.purpose is not None:
            rows = keyed_hash.model._base_manager.exclude(**{keyed_hash.column: ""})  # noqa: SLF001
            changed_count += sum(_recompute(keyed_hash, row) for row in rows.iterator())
    return changed_count


def _recompute(keyed_hash: KeyedHash, row: Any) -> bool:
    if keyed_hash.purpose is None:
        return False
    hashes = fingerprints(keyed_hash.purpose(row), unseal(getattr(row, keyed_hash.sealed)))
    stored_hash = getattr(row, keyed_hash.column)
    if stored_hash == hashes[0] or stored_hash not in hashes:
        return False
    same_row = keyed_hash.model._base_manager.filter(pk=row.pk, **{keyed_hash.column: stored_hash})  # noqa: SLF001
    return bool(same_row.update(**{keyed_hash.column: hashes[0]}))


class Issued(Struct, frozen=True):
    """Secrets that were issued under an earlier key and are stored only as a hash."""

    name: str
    number: int


def issued_before(hashes: Sequence[KeyedHash], identity: MarketIdentity, *, wall: datetime) -> Iterator[Issued]:
    """Return what stops working when the earlier keys are removed, because only its owner can renew it."""
    since = present_key_since(identity)
    for keyed_hash in hashes:
        if keyed_hash.issued and since is not None:
            number = _issued(keyed_hash, since, wall).count()
            if number:
                yield Issued(keyed_hash.name, number)


def _issued(keyed_hash: KeyedHash, since: datetime, wall: datetime) -> QuerySet[Model]:
    before = Q(**{f"{keyed_hash.issued}__lt": since})
    if keyed_hash.issued.endswith("_until"):  # short-lived: the column has the time of expiry
        before = Q(**{f"{keyed_hash.issued}__gt": wall})
    return keyed_hash.model._base_manager.filter(keyed_hash.live, before).exclude(**{keyed_hash.column: ""})  # noqa: SLF001


def present_key_since(identity: MarketIdentity) -> datetime | None:
    """When the market first ran with its present key; None while it never did."""
    checks = identity.key_checks
    return sealed_at(checks[-1]) if checks and opens_with_present_key(checks[-1]) else None
