"""Choose the next run of sync calls for a binding by its differences. No I/O (openapi-jointkit §A.0).

``next_kind`` decides after each change and each run. A failed run delays only runs of its kind: a waiting run is
retried when it is due, a stopped run when a person retries it.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from .models import Sync, TenantBinding

Kind, Status = Sync.Kind, TenantBinding.Status


class SyncState(Struct, frozen=True, kw_only=True):
    """What a binding needs to synchronise.

    ``held_back``: kinds of runs that wait for their next attempt or for a person. ``unknown``: the seller may not know
    the enterprise.
    """

    status: str
    running: bool = False
    held_back: Collection[str] = ()
    unknown: bool = False
    introduces: bool = False
    """The enterprise, its client or all its departments need to be sent."""
    withdraws: bool = False
    """Authorisations of members need to be withdrawn."""
    raises: bool = False
    """Departments were added or changed."""
    authorises: bool = False
    """Members were authorised or changed."""
    clears: bool = False
    """Departments were removed."""


def next_kind(at: SyncState) -> Sync.Kind | None:
    """Return the kind of the next run; None if nothing needs to be sent."""
    if at.running or at.status == Status.UNBOUND:
        return None
    return next((kind for kind in needed_kinds(at) if kind.value not in at.held_back), None)


def needed_kinds(at: SyncState) -> list[Sync.Kind]:
    """Return the kinds of needed runs, the most urgent first."""
    if at.status == Status.UNBINDING:
        return [Kind.UNBIND]
    if at.status != Status.BOUND:
        return [Kind.BIND] if at.status == Status.BINDING else []
    order = (
        # A seller that lost its data cannot withdraw rights in an enterprise that it does not know.
        (at.introduces and at.unknown, Kind.BIND),
        (at.withdraws, Kind.WITHDRAW),
        (at.introduces, Kind.BIND),
        (at.raises, Kind.DEPARTMENTS),
        (at.authorises, Kind.AUTHORISE),
        # Members of a removed department are moved first.
        (at.clears and not at.authorises, Kind.DEPARTMENTS),
    )
    return list(dict.fromkeys(kind for is_needed, kind in order if is_needed))


def continues(kind: str, at: SyncState) -> bool:
    """Return whether a run makes another call, rather than yielding to a more urgent run."""
    if at.status == Status.UNBINDING:
        return kind == Kind.UNBIND
    urgent = at.withdraws and Kind.WITHDRAW.value not in at.held_back
    below = at.raises and Kind.DEPARTMENTS.value not in at.held_back
    return {
        Kind.BIND.value: at.introduces,
        Kind.WITHDRAW.value: at.withdraws,
        Kind.DEPARTMENTS.value: not urgent and (at.raises or (at.clears and not at.authorises)),
        Kind.AUTHORISE.value: not urgent and not below and at.authorises,
        Kind.UNBIND.value: False,
    }[kind]
