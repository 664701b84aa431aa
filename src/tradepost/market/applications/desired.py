"""What a seller should know against what it acknowledged: digests, and the flag that tells the difference (openapi-jointkit §A). Pure.

A digest stands for what was told. The empty text: the seller has nothing. ``UNKNOWN``: a call failed so that it may have acted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from msgspec import Struct

from tradepost.protocols.cases import cases_of
from tradepost.protocols.commands import Command
from tradepost.protocols.sync_commands import SyncApplication, SyncAuth, SyncFlag, SyncTenant

NONE = ""
UNKNOWN = "?"


class Words(Struct, frozen=True):
    """The flags that a generation of the kit has (§A.0): the first has no *modify* of tenants and applications, and no *cancel
    authorisation*."""

    tenant: frozenset[SyncFlag]
    application: frozenset[SyncFlag]
    people: frozenset[SyncFlag]


def words_of(protocol: str) -> Words:
    """By the field tables of the protocol's own folder."""
    return Words(*(_flags(protocol, kind) for kind in (SyncTenant, SyncApplication, SyncAuth)))


def _flags(protocol: str, kind: type[Command]) -> frozenset[SyncFlag]:
    table = cases_of(protocol).tables.get(kind, ())
    return frozenset(SyncFlag(int(value)) for one in table if one.name == "flag" for value in one.values)


def digest(*parts: object) -> str:
    """Stands for these values: equal if and only if they are."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()


def known(acked: str) -> bool:
    """Whether the seller has, or may have, something that must be taken back when it is not wanted any more."""
    return acked != NONE


def upsert(acked: str, wanted: str, words: Iterable[SyncFlag]) -> SyncFlag | None:
    """How an enterprise or a client is told that is ``wanted`` (its digest); None when the seller has it."""
    if acked == wanted:
        return None
    return SyncFlag.MODIFY if acked not in {NONE, UNKNOWN} and SyncFlag.MODIFY in words else SyncFlag.ADD


def flag(
    *, acked: str, digest: str, wanted: bool, removed: bool, words: Iterable[SyncFlag], unauthorise: SyncFlag
) -> SyncFlag | None:
    """How one member is told; None when nothing need be said (§A.7).

    ``digest``: of the member as it is. ``removed``: no member any more, or the enterprise is dissolved. ``unauthorise``: what a
    member who stays gets whose authorisation is withdrawn (a setting: how 0 and 3 differ is not documented).
    """
    if wanted and not removed:
        return upsert(acked, digest, words)
    if not known(acked):
        return None
    if removed or acked == UNKNOWN or unauthorise not in words:
        return SyncFlag.DELETE
    return unauthorise


def wanted(*, living_binding: bool, living_member: bool, by_hand: bool, in_bound_group: bool) -> bool:
    """Whether a member may use what a binding gives."""
    return living_binding and living_member and (by_hand or in_bound_group)
