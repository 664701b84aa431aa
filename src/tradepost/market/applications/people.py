"""The next batch of members to synchronise with a seller (authSync, openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from msgspec import Struct

from tradepost.market.base.values import as_dict, replace
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.protocols.commands import Command
from tradepost.protocols.sync_commands import SyncAuth, SyncedUser, SyncFlag

from .batches import REMOVALS, batches
from .desired import digest, flags_of, member_flag
from .models import Authorisation, TenantBinding
from .rules import SyncRules

UNACKNOWLEDGED = ~Q(version=F("acked_version"))
RELEASABLE = ("position", "employeeCode", "employeeType", "mobile", "email", "workPlace", "entryDate", "extension")
"""Personal fields by their names on the wire. Sent if the seller requests and the enterprise releases them (§A.7)."""
_TEXTS = {
    "position": "position", "employeeCode": "employee_code", "mobile": "mobile", "email": "email", "workPlace": "work_place",
    "entryDate": "entry_date",
}  # fmt: skip
_ATTRIBUTES = {**_TEXTS, "employeeType": "employee_type", "extension": "extension"}
"""Attribute names in a member's profile and of ``SyncedUser``."""


class PlannedCall(Struct, frozen=True):
    """A command with its members and the digest sent for each; an empty digest for a withdrawal."""

    command: Command
    people: Sequence[tuple[int, str]] = ()


def unacknowledged_members(binding: TenantBinding) -> QuerySet[Authorisation]:
    """Return members about whom the seller is not up to date, except those in the current call."""
    return Authorisation.objects.filter(UNACKNOWLEDGED, binding=binding, batch=None)


def has_changes(binding: TenantBinding, *, wanted: bool) -> bool:
    """Return whether a change has to be sent for any authorised (or unauthorised) member.

    The order follows the index: PostgreSQL expects nearly all rows to match and would otherwise scan them.
    """
    return bool(_in_order(unacknowledged_members(binding).filter(wanted=wanted)).values_list("pk", flat=True)[:1])


def _in_order(people: QuerySet[Authorisation]) -> QuerySet[Authorisation]:
    return people.order_by("binding", "wanted", "told", "pk")


def next_people(binding: TenantBinding, rules: SyncRules, *, wanted: bool, now: datetime) -> PlannedCall | None:
    """Return the next call: one flag, as many members as fit. The caller has locked the binding.

    ``wanted``: authorised or unauthorised members. Members about whom nothing needs to be sent are marked as
    acknowledged.
    """
    for acknowledged in (True, False):  # changed members first, then new ones
        rows = _in_order(unacknowledged_members(binding).filter(wanted=wanted, told=acknowledged)).select_related(
            "member__department"
        )
        while window := list(rows[: rules.batch]):
            flagged_rows = [(_flag(binding, row, rules), row) for row in window]
            up_to_date = [row.pk for sync_flag, row in flagged_rows if sync_flag is None]
            Authorisation.objects.filter(pk__in=up_to_date).update(acked_version=F("version"))
            calls = batches(
                [(sync_flag, row) for sync_flag, row in flagged_rows if sync_flag is not None], size=rules.batch
            )
            if calls:
                return _planned_call(binding, *calls[0], now)
    return None


def _flag(binding: TenantBinding, row: Authorisation, rules: SyncRules) -> SyncFlag | None:
    return member_flag(
        acked=row.acked_digest,
        digest=digest_of(synced_user(row, binding.released_fields)),
        wanted=row.wanted,
        removed=is_gone(row.member, binding.enterprise),
        words=flags_of(binding.address.protocol).people,
        unauthorise=rules.unauthorise,
    )


def is_gone(member: Member, enterprise: Enterprise) -> bool:
    return member.removed_at is not None or enterprise.status != Enterprise.Status.ACTIVE


def _planned_call(
    binding: TenantBinding, sync_flag: SyncFlag, people: Sequence[Authorisation], now: datetime
) -> PlannedCall:
    users = [synced_user(row, binding.released_fields) for row in people]
    if sync_flag not in REMOVALS:
        users = [replace(user, emptied=_emptied(user, binding, sync_flag)) for user in users]
    command = SyncAuth(
        tenant_id=binding.enterprise.public_id, app_id=binding.application.app_id, users=tuple(users), synced_at=now,
        flag=sync_flag, instance_id=instance_of(binding),
    )  # fmt: skip
    digests = ["" if sync_flag in REMOVALS else digest_of(user) for user in users]
    return PlannedCall(command, list(zip([row.pk for row in people], digests, strict=True)))


def _emptied(user: SyncedUser, binding: TenantBinding, sync_flag: SyncFlag) -> tuple[str, ...]:
    """Return fields that the seller must delete: withdrawn fields, and released fields that are now empty."""
    withdrawn, released = binding.withdrawn_fields, binding.released_fields if sync_flag == SyncFlag.MODIFY else ()
    return tuple(
        name for name in RELEASABLE if name in withdrawn or (name in released and not getattr(user, _ATTRIBUTES[name]))
    )


def instance_of(binding: TenantBinding) -> str:
    """Return the instance id; empty for a test binding (§A.0)."""
    return binding.subscription.instance_id if binding.subscription else ""


def synced_user(row: Authorisation, released: Collection[str]) -> SyncedUser:
    """Return the member as sent to the seller. A removed member has only the account name."""
    member = row.member
    user = SyncedUser(
        user_name=member.user_name,
        name=member.name or member.user_name,
        org_code=member.department.code,
        admin=row.admin,
        enabled=member.enabled,
    )
    return replace(user, **_released(member, released))


def _released(member: Member, released: Collection[str]) -> dict[str, Any]:
    profile: dict[str, Any] = dict(member.profile)
    fields: dict[str, Any] = {
        attribute: str(profile.get(attribute) or "")
        for wire, attribute in _TEXTS.items()
        if wire in released and profile.get(attribute)
    }
    kind = profile.get("employee_type")
    if "employeeType" in released and isinstance(kind, int):
        fields["employee_type"] = kind
    extension = profile.get("extension")
    if "extension" in released and isinstance(extension, dict):
        fields["extension"] = tuple(sorted((str(name), str(value)) for name, value in extension.items()))
    return fields


def digest_of(user: SyncedUser) -> str:
    """Return the digest of the sent data. Fields that are sent empty are not part of it."""
    return digest(*(item for item in as_dict(user).items() if item[0] != "emptied"))


def without_people(command: SyncAuth) -> SyncAuth:
    """Return the command as stored after the call: only the account names remain."""
    users = tuple(
        SyncedUser(user_name=user.user_name, name="", org_code="", admin=False, enabled=False) for user in command.users
    )
    return replace(command, users=users)


def is_known_to_sellers(member: Member) -> bool:
    """Return whether a seller knows the member by account name, or will."""
    has_been_sent = Q(wanted=True) | Q(sent_version__gt=0) | ~Q(acked_digest="")
    return Authorisation.objects.filter(has_been_sent, member=member).exists()
