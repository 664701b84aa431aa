"""What is told a seller next of a binding: a pure rule over what differs from what it acknowledged (openapi-jointkit §A.0).

``next_kind`` is asked whenever something changed or a run ended. A run that failed delays only its own kind: one that waits is retried
when its time comes, one that stopped when a person retries it.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from .models import Sync, TenantBinding

Kind, Status = Sync.Kind, TenantBinding.Status


class Standing(Struct, frozen=True, kw_only=True):
    """Where a binding stands. ``held_back``: kinds of runs that wait for their next attempt or for a person. ``unknown``: the seller
    may not have the enterprise at all."""

    status: str
    running: bool = False
    held_back: Collection[str] = ()
    unknown: bool = False
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
    return next((kind for kind in needed(at) if kind.value not in at.held_back), None)


def needed(at: Standing) -> list[Sync.Kind]:
    """Kinds of runs that have something to tell, the most urgent first."""
    if at.status == Status.UNBINDING:
        return [Kind.UNBIND]
    if at.status != Status.BOUND:
        return [Kind.BIND] if at.status == Status.BINDING else []
    order = (
        # A seller that lost its data cannot take rights from people of an enterprise that it does not know.
        (at.introduces and at.unknown, Kind.BIND),
        (at.withdraws, Kind.WITHDRAW),
        (at.introduces, Kind.BIND),
        (at.raises, Kind.DEPARTMENTS),
        (at.authorises, Kind.AUTHORISE),
        # Who is in a department that goes is told to be elsewhere first.
        (at.clears and not at.authorises, Kind.DEPARTMENTS),
    )
    return list(dict.fromkeys(kind for is_needed, kind in order if is_needed))


def goes_on(kind: str, at: Standing) -> bool:
    """Whether a run whose call ended makes another one, rather than making room for what is more urgent."""
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
