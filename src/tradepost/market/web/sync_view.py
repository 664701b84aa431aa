"""What was told a seller of a binding, run by run, for pages of buyers, sellers and operators."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from tradepost.market.applications.models import Sync, TenantBinding
from tradepost.market.applications.seller_queries import runs_of
from tradepost.market.production import reasons


class Run(Struct, frozen=True):
    """``why``: the reason of its last failure, in words."""

    run: Sync
    why: str


class Failure(Struct, frozen=True):
    """The failed runs of a binding: the reason of the newest, and the next attempt; None when retries have ended for all of them."""

    why: str
    next_at: datetime | None
    give_up_at: datetime | None


class SyncView(Struct, frozen=True):
    """``runs``: newest first. ``failure``: None when nothing has failed."""

    runs: list[Run]
    running: bool
    failure: Failure | None


def sync_view(binding: TenantBinding) -> SyncView:
    own = Sync.objects.filter(binding=binding)
    return SyncView(
        [Run(one, _why(one, binding)) for one in runs_of(binding)],
        running=own.filter(status=Sync.Status.RUNNING).exists(),
        failure=failures_of([binding]).get(binding.pk),
    )


def failures_of(bindings: Iterable[TenantBinding]) -> dict[int, Failure]:
    """By binding, of those with a failed run. ``bindings`` with their address."""
    by_key = {one.pk: one for one in bindings}
    own = Sync.objects.filter(binding__in=by_key)
    found = own.filter(status=Sync.Status.WAITING).union(own.filter(status=Sync.Status.STOPPED), all=True)
    runs: dict[int, list[Sync]] = {}
    for one in sorted(found, key=lambda one: one.pk):
        runs.setdefault(one.binding_id, []).append(one)
    return {pk: _failure(failed, by_key[pk]) for pk, failed in runs.items()}


def mark_failures(bindings: Iterable[TenantBinding]) -> None:
    """Give each binding of a list its ``failure``, or None. ``bindings`` with their address."""
    rows = list(bindings)
    found = failures_of(rows)
    for one in rows:
        one.failure = found.get(one.pk)  # type: ignore[attr-defined]  # for templates


def _failure(failed: list[Sync], binding: TenantBinding) -> Failure:
    waiting = sorted((one.next_at, one.give_up_at) for one in failed if one.next_at and one.give_up_at)
    next_at, give_up_at = waiting[0] if waiting else (None, None)
    return Failure(_why(failed[-1], binding), next_at=next_at, give_up_at=give_up_at)


def _why(one: Sync, binding: TenantBinding) -> str:
    return reasons.title(one.note, protocol=binding.address.protocol) if one.note else ""
