"""What is told a seller next of a binding: a pure rule over what differs from what it acknowledged (openapi-jointkit §A.0).

``next_kind`` is asked whenever something changed or a run ended. A run that stopped holds up nothing but its own kind, and is begun
again by a person alone.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from .models import Sync, TenantBinding

Kind, Status = Sync.Kind, TenantBinding.Status


class Standing(Struct, frozen=True, kw_only=True):
    """Where a binding stands. ``stopped``: kinds of runs that wait for a person."""

    status: str
    running: bool = False
    stopped: Collection[str] = ()
    introduces: bool = False
    """The enterprise, its client, or all its departments have to be told."""
    withdraws: bool = False
    """Members have to be taken back."""
    raises: bool = False
    """Departments were added or changed."""
    authorises: bool = False
    """Members were authorised, or changed."""
    clears: bool = False
    """Departments were removed."""


def next_kind(at: Standing) -> Sync.Kind | None:
    """The kind of the run that begins now, None when there is nothing to tell."""
    if at.running or at.status == Status.UNBOUND:
        return None
    if at.status == Status.UNBINDING:
        return _unless_stopped(at, Kind.UNBIND)
    if at.status != Status.BOUND:
        return Kind.BIND if at.status == Status.BINDING else None
    needed = (
        (at.withdraws, Kind.WITHDRAW),
        (at.introduces, Kind.BIND),
        (at.raises, Kind.DEPARTMENTS),
        (at.authorises, Kind.AUTHORISE),
        # Who is in a department that goes is told to be elsewhere first.
        (at.clears and not at.authorises, Kind.DEPARTMENTS),
    )
    return next((kind for is_needed, kind in needed if is_needed and kind.value not in at.stopped), None)


def _unless_stopped(at: Standing, kind: Sync.Kind) -> Sync.Kind | None:
    return None if kind.value in at.stopped else kind


def goes_on(kind: str, at: Standing) -> bool:
    """Whether a run whose call ended makes another one, rather than making room for what is more urgent."""
    if at.status == Status.UNBINDING:
        return kind == Kind.UNBIND
    urgent = at.withdraws and Kind.WITHDRAW.value not in at.stopped
    below = at.raises and Kind.DEPARTMENTS.value not in at.stopped
    return {
        Kind.BIND.value: at.introduces,
        Kind.WITHDRAW.value: at.withdraws,
        Kind.DEPARTMENTS.value: not urgent and (at.raises or (at.clears and not at.authorises)),
        Kind.AUTHORISE.value: not urgent and not below and at.authorises,
        Kind.UNBIND.value: False,
    }[kind]
