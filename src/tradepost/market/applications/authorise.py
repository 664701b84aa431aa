"""Who of an enterprise may use what it bound: by hand or by group, given and withdrawn (openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base import outbox, rows
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.models import Group, GroupMember, Member

from .acknowledge import settle_never_told
from .events import AuthorisationWithdrawn
from .models import Authorisation, BoundGroup, TenantBinding
from .rules import SyncRules
from .run import leave_off_additions, locked, settle

TOLD_AT_ONCE = 5_000
"""Most members in one event."""


def authorise(
    binding: TenantBinding, members: Collection[int], *, admin: bool, rules: SyncRules, now: datetime
) -> None:
    """These members of its enterprise may use it; ``admin``: and administer it. Raises ``Refused``: it is not bound, or somebody
    is no member."""
    with transaction.atomic():
        held = _bound(binding)
        own = sorted(living(held).filter(pk__in=members).values_list("pk", flat=True))
        if len(own) != len(set(members)):
            raise Refused("authorisation.no_member", _("Somebody you chose is no member of this enterprise any more."))
        new = rows.insert(
            "applications_authorisation", _COLUMNS, (_row(held, pk, admin, now) for pk in own), unique=_UNIQUE
        )
        standing = Authorisation.objects.filter(binding=held, member__in=own).exclude(pk__in=[pk for (pk,) in new])
        standing.filter(Q(wanted=False) | ~Q(admin=admin)).update(
            wanted=True, admin=admin, version=F("version") + 1, changed_at=now
        )
        standing.update(by_hand=True)
        settle(held, rules, now=now)


_UNIQUE = "binding_id, member_id"
_COLUMNS = {
    "binding_id": "bigint", "member_id": "bigint", "by_hand": "boolean", "wanted": "boolean", "admin": "boolean",
    "version": "int", "sent_version": "int", "sent_digest": "text", "acked_version": "int", "acked_digest": "text",
    "told": "boolean", "changed_at": "timestamptz",
}  # fmt: skip


def _row(held: TenantBinding, member: int, admin: bool, now: datetime) -> dict[str, object]:  # noqa: FBT001  # a column
    return {
        "binding_id": held.pk, "member_id": member, "by_hand": True, "wanted": True, "admin": admin, "version": 1,
        "sent_version": 0, "sent_digest": "", "acked_version": 0, "acked_digest": "", "told": False,
        "changed_at": rows.moment(now),
    }  # fmt: skip


def withdraw(binding: TenantBinding, members: Collection[int], *, rules: SyncRules, now: datetime) -> int:
    """These members may use it no more by hand; who is in a bound group still may. Gives how many may not from now on."""
    with transaction.atomic():
        held = _bound(binding)
        Authorisation.objects.filter(binding=held, member__in=members).update(by_hand=False)
        gone = refresh(held, members=members, now=now)
        settle(held, rules, now=now)
        return gone


def authorise_group(binding: TenantBinding, group: Group, *, rules: SyncRules, now: datetime) -> None:
    """Whoever is in the group, now and later, may use it. Raises ``Refused`` for a group of another enterprise."""
    with transaction.atomic():
        held = _bound(binding)
        if group.enterprise_id != held.enterprise_id:
            raise Refused("authorisation.no_group", _("There is no such group in this enterprise."))
        BoundGroup.objects.get_or_create(binding=held, group=group)
        refresh(held, now=now)
        settle(held, rules, now=now)


def withdraw_group(binding: TenantBinding, group: Group, *, rules: SyncRules, now: datetime) -> int:
    """The group gives nobody the right any more; who has it by hand, or by another group, keeps it. Gives how many lose it."""
    with transaction.atomic():
        held = _bound(binding)
        BoundGroup.objects.filter(binding=held, group=group).delete()
        gone = refresh(held, now=now)
        settle(held, rules, now=now)
        return gone


def living(binding: TenantBinding) -> QuerySet[Member]:
    return Member.objects.filter(enterprise=binding.enterprise_id, removed_at=None)


def refresh(held: TenantBinding, *, members: Collection[int] | None = None, now: datetime) -> int:
    """Make ``wanted`` what the policy says (``desired.wanted``), of these members or of all. Whoever loses the right is told of in
    events, and no call that would give it goes out any more. ``held`` is locked. Gives how many lost it."""
    _insert_of_groups(held, members, now)
    own = Authorisation.objects.filter(binding=held)
    own = own if members is None else own.filter(member__in=members)
    of_groups = GroupMember.objects.filter(
        member=OuterRef("member"), group__bindings__binding=held, group__removed_at=None
    )
    may = _still_there(members) & (Q(by_hand=True) | Q(Exists(of_groups)))
    changed = {"version": F("version") + 1, "changed_at": now}
    own.filter(pk__in=own.filter(may, wanted=False).values("pk")).update(wanted=True, **changed)
    lost = dict(own.filter(~may, wanted=True).values_list("pk", "member_id"))
    if lost:
        for keys in _parts(sorted(lost)):
            Authorisation.objects.filter(pk__in=keys).update(wanted=False, admin=False, **changed)
        leave_off_additions(held, now=now)
        settle_never_told(held)
        _tell(held, sorted(lost.values()), now)
    return len(lost)


def _still_there(members: Collection[int] | None) -> Q:
    """Of some, who was removed is looked up by key: a join would read all members of all enterprises."""
    if members is None:
        return Q(member__removed_at=None)
    removed = Member.objects.filter(pk__in=members, removed_at__isnull=False)
    return ~Q(member__in=list(removed.values_list("pk", flat=True)))


def _insert_of_groups(held: TenantBinding, members: Collection[int] | None, now: datetime) -> None:
    """A row for each member of a bound group who has none."""
    among, parameters = ("", []) if members is None else rows.among("m.id", members)
    only, cast = f" AND {among}" if among else "", "::timestamptz" if connection.vendor == "postgresql" else ""
    names = ", ".join(_COLUMNS)
    rows.run(
        f"INSERT INTO applications_authorisation ({names})"  # noqa: S608  # constants of ours
        f" SELECT DISTINCT b.binding_id, m.id, FALSE, TRUE, FALSE, 1, 0, '', 0, '', FALSE, %s{cast}"
        " FROM applications_boundgroup b JOIN organisations_group o ON o.id = b.group_id AND o.removed_at IS NULL"
        " JOIN organisations_groupmember g ON g.group_id = b.group_id"
        " JOIN organisations_member m ON m.id = g.member_id"
        f" WHERE b.binding_id = %s AND m.removed_at IS NULL{only} ON CONFLICT ({_UNIQUE}) DO NOTHING",
        [rows.moment(now), held.pk, *parameters],
    )


def _parts(keys: Sequence[int]) -> list[Sequence[int]]:
    return [keys[begin : begin + TOLD_AT_ONCE] for begin in range(0, len(keys), TOLD_AT_ONCE)]


def _tell(held: TenantBinding, members: Sequence[int], now: datetime) -> None:
    outbox.publish_all(
        [
            AuthorisationWithdrawn(
                binding=held.pk,
                enterprise=held.enterprise_id,
                application=held.application_id,
                members=tuple(part),
                at=now,
            )
            for part in _parts(members)
        ],
        now=now,
    )


def _bound(binding: TenantBinding) -> TenantBinding:
    held = locked(binding.pk)
    if held.status != TenantBinding.Status.BOUND:
        words = _("Members can be authorised once the enterprise is bound to the service, and until it is unbound.")
        raise Refused("authorisation.not_bound", words)
    return held
