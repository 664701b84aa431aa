"""The next batch of members that a seller is told of (authSync, openapi-jointkit §A.7)."""

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
from .desired import digest, flag, words_of
from .models import Authorisation, TenantBinding
from .rules import SyncRules

DIRTY = ~Q(version=F("acked_version"))
RELEASABLE = ("position", "employeeCode", "employeeType", "mobile", "email", "workPlace", "entryDate", "extension")
"""Personal fields by their names on the wire: told when the seller asked for them and the enterprise released them (§A.7)."""


class Planned(Struct, frozen=True):
    """A command, and the members that it is about with what stands for what it tells of each; empty for who is taken back."""

    command: Command
    people: Sequence[tuple[int, str]] = ()


def dirty(binding: TenantBinding) -> QuerySet[Authorisation]:
    """Members of whom the seller does not know what is so; without those of a call under way."""
    return Authorisation.objects.filter(DIRTY, binding=binding, batch=None)


def anybody(binding: TenantBinding, *, wanted: bool) -> bool:
    """Whether the seller does not know of somebody that they may, or may not any more. In the order of the index: PostgreSQL expects
    that nearly everybody is such a one, and would look for the first among all."""
    return bool(_in_order(dirty(binding).filter(wanted=wanted)).values_list("pk", flat=True)[:1])


def _in_order(people: QuerySet[Authorisation]) -> QuerySet[Authorisation]:
    return people.order_by("binding", "wanted", "told", "pk")


def next_people(binding: TenantBinding, rules: SyncRules, *, wanted: bool, now: datetime) -> Planned | None:
    """One flag, as many members as fit. ``wanted``: those who are authorised, or those who are not any more. Of whom nothing need
    be said is settled on the way. The binding is locked by the caller, so that nothing of it changes meanwhile."""
    for told in (True, False):  # who is changed, then who is new
        rows = _in_order(dirty(binding).filter(wanted=wanted, told=told)).select_related("member__department")
        while window := list(rows[: rules.batch]):
            flagged = [(_flag(binding, one, rules), one) for one in window]
            nothing = [one.pk for of, one in flagged if of is None]
            Authorisation.objects.filter(pk__in=nothing).update(acked_version=F("version"))
            calls = batches([(of, one) for of, one in flagged if of is not None], size=rules.batch)
            if calls:
                return _planned(binding, *calls[0], now)
    return None


def _flag(binding: TenantBinding, one: Authorisation, rules: SyncRules) -> SyncFlag | None:
    return flag(
        acked=one.acked_digest,
        digest=digest_of(synced_user(one, binding.released_fields)),
        wanted=one.wanted,
        removed=is_gone(one.member, binding.enterprise),
        words=words_of(binding.address.protocol).people,
        unauthorise=rules.unauthorise,
    )


def is_gone(member: Member, enterprise: Enterprise) -> bool:
    return member.removed_at is not None or enterprise.status != Enterprise.Status.ACTIVE


def _planned(binding: TenantBinding, of: SyncFlag, people: Sequence[Authorisation], now: datetime) -> Planned:
    users = [synced_user(one, binding.released_fields) for one in people]
    command = SyncAuth(
        tenant_id=binding.enterprise.public_id, app_id=binding.application.app_id, users=tuple(users), synced_at=now,
        flag=of, instance_id=instance_of(binding),
    )  # fmt: skip
    told = ["" if of in REMOVALS else digest_of(user) for user in users]
    return Planned(command, list(zip([one.pk for one in people], told, strict=True)))


def instance_of(binding: TenantBinding) -> str:
    """Empty while a credential is tried out (§A.0)."""
    return binding.subscription.instance_id if binding.subscription else ""


def synced_user(one: Authorisation, released: Collection[str]) -> SyncedUser:
    """A member as the seller is told of them. One who was removed has no name any more but that of the account."""
    member = one.member
    user = SyncedUser(
        user_name=member.user_name,
        name=member.name or member.user_name,
        org_code=member.department.code,
        admin=one.admin,
        enabled=member.enabled,
    )
    return replace(user, **_released(member, released))


def _released(member: Member, released: Collection[str]) -> dict[str, Any]:
    known: dict[str, Any] = dict(member.profile)
    texts = {
        "position": "position", "employeeCode": "employee_code", "mobile": "mobile", "email": "email",
        "workPlace": "work_place", "entryDate": "entry_date",
    }  # fmt: skip
    found: dict[str, Any] = {
        ours: str(known.get(ours) or "") for wire, ours in texts.items() if wire in released and known.get(ours)
    }
    kind = known.get("employee_type")
    if "employeeType" in released and isinstance(kind, int):
        found["employee_type"] = kind
    extension = known.get("extension")
    if "extension" in released and isinstance(extension, dict):
        found["extension"] = tuple(sorted((str(name), str(value)) for name, value in extension.items()))
    return found


def digest_of(user: SyncedUser) -> str:
    return digest(*as_dict(user).items())


def without_people(command: SyncAuth) -> SyncAuth:
    """What is kept of a call that ended: whose accounts it was about, and nothing else of them."""
    bare = tuple(
        SyncedUser(user_name=one.user_name, name="", org_code="", admin=False, enabled=False) for one in command.users
    )
    return replace(command, users=bare)


def is_known_to_sellers(member: Member) -> bool:
    """Whether a seller was told of the person, or will be: it knows them by the account name alone."""
    told = Q(wanted=True) | Q(sent_version__gt=0) | ~Q(acked_digest="")
    return Authorisation.objects.filter(told, member=member).exists()
