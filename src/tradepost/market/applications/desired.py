"""Compare what a seller should know with what it acknowledged, by digests, and choose the sync flag. No I/O
(openapi-jointkit §A).

A digest represents the values sent. An empty text: the seller has nothing. ``UNKNOWN``: after a failed call the seller
may have acted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from msgspec import Struct

from tradepost.protocols.cases import cases_of
from tradepost.protocols.commands import Command
from tradepost.protocols.sync_commands import SyncApplication, SyncAuth, SyncFlag, SyncTenant

NOT_SENT = ""
UNKNOWN = "?"


class SyncFlags(Struct, frozen=True):
    """The sync flags of a kit version (§A.0).

    The first version has no *modify* for tenants and applications, and no *cancel authorisation*.
    """

    tenant: frozenset[SyncFlag]
    application: frozenset[SyncFlag]
    people: frozenset[SyncFlag]


def flags_of(protocol: str) -> SyncFlags:
    """Return the flags from the field tables of the protocol's folder."""
    return SyncFlags(*(_flags(protocol, kind) for kind in (SyncTenant, SyncApplication, SyncAuth)))


def _flags(protocol: str, kind: type[Command]) -> frozenset[SyncFlag]:
    table = cases_of(protocol).tables.get(kind, ())
    return frozenset(SyncFlag(int(value)) for field in table if field.name == "flag" for value in field.values)


def digest(*parts: object) -> str:
    """Return the digest of these values."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()


def may_be_known(acked: str) -> bool:
    """Return whether the seller has, or may have, data that must be deleted when it is no longer needed."""
    return acked != NOT_SENT


def upsert_flag(acked: str, wanted: str, words: Iterable[SyncFlag]) -> SyncFlag | None:
    """Return the flag that tells the seller about an enterprise or client; None if it is up to date."""
    if acked == wanted:
        return None
    return SyncFlag.MODIFY if acked not in {NOT_SENT, UNKNOWN} and SyncFlag.MODIFY in words else SyncFlag.ADD


def member_flag(
    *, acked: str, digest: str, wanted: bool, removed: bool, words: Iterable[SyncFlag], unauthorise: SyncFlag
) -> SyncFlag | None:
    """Return the flag that tells the seller about a member; None if nothing needs to be sent (§A.7).

    ``digest``: of the member's current data. ``removed``: no longer a member, or the enterprise is dissolved.
    ``unauthorise``: the flag for a remaining member without authorisation (a setting, since the difference between 0
    and 3 is not documented).
    """
    if wanted and not removed:
        return upsert_flag(acked, digest, words)
    if not may_be_known(acked):
        return None
    if removed or acked == UNKNOWN or unauthorise not in words:
        return SyncFlag.DELETE
    return unauthorise


def is_authorised(
    *, living_binding: bool, living_member: bool, by_hand: bool, in_bound_group: bool, in_bound_department: bool = False
) -> bool:
    """Return whether a member may use the bound application."""
    return living_binding and living_member and (by_hand or in_bound_group or in_bound_department)
