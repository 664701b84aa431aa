"""The synchronisation runs of a binding, for pages of buyers, sellers and operators."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from tradepost.market.applications.models import Sync, TenantBinding
from tradepost.market.applications.seller_queries import runs_of
from tradepost.market.production import reasons


class SyncRun(Struct, frozen=True):
    """A run. ``why``: the explained reason of its last failure."""

    run: Sync
    why: str


class Failure(Struct, frozen=True):
    """The failed runs of a binding: reason of the latest, and the next attempt, which is None once all retries have
    ended."""

    why: str
    next_at: datetime | None
    give_up_at: datetime | None


class SyncView(Struct, frozen=True):
    """The runs of a binding, newest first. ``failure``: None if no run has failed."""

    runs: list[SyncRun]
    running: bool
    failure: Failure | None


def sync_view(binding: TenantBinding) -> SyncView:
    syncs = Sync.objects.filter(binding=binding)
    return SyncView(
        [SyncRun(run, _failure_text(run, binding)) for run in runs_of(binding)],
        running=syncs.filter(status=Sync.Status.RUNNING).exists(),
        failure=failures_of([binding]).get(binding.pk),
    )


def failures_of(bindings: Iterable[TenantBinding]) -> dict[int, Failure]:
    """Return the failures by binding, for bindings with a failed run. Their address must be loaded."""
    by_key = {row.pk: row for row in bindings}
    syncs = Sync.objects.filter(binding__in=by_key)
    failed_runs = syncs.filter(status=Sync.Status.WAITING).union(syncs.filter(status=Sync.Status.STOPPED), all=True)
    runs: dict[int, list[Sync]] = {}
    for row in sorted(failed_runs, key=lambda row: row.pk):
        runs.setdefault(row.binding_id, []).append(row)
    return {pk: _failure(failed, by_key[pk]) for pk, failed in runs.items()}


def mark_failures(bindings: Iterable[TenantBinding]) -> None:
    """Set ``failure`` on each binding of a list, None without a failed run. Their address must be loaded."""
    rows = list(bindings)
    failures = failures_of(rows)
    for row in rows:
        row.failure = failures.get(row.pk)  # type: ignore[attr-defined]  # for templates


def _failure(failed: list[Sync], binding: TenantBinding) -> Failure:
    waiting = sorted((run.next_at, run.give_up_at) for run in failed if run.next_at and run.give_up_at)
    next_at, give_up_at = waiting[0] if waiting else (None, None)
    return Failure(_failure_text(failed[-1], binding), next_at=next_at, give_up_at=give_up_at)


def _failure_text(run: Sync, binding: TenantBinding) -> str:
    return reasons.title(run.note, protocol=binding.address.protocol) if run.note else ""
