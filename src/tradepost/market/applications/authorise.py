"""Authorise members of an enterprise for a bound application, individually or by group (openapi-jointkit §A.7).

Rules for departments are in ``authorise_departments``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base import outbox, rows
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import act_log
from tradepost.market.organisations.act_log import EnterpriseAction, ExternalSubject
from tradepost.market.organisations.locking import check_admin
from tradepost.market.organisations.models import Enterprise, Group, GroupMember, Member

from .acknowledge import settle_unknown_to_seller
from .department_rules import covered_departments
from .events import AuthorisationWithdrawn
from .models import Authorisation, BoundGroup, TenantBinding
from .rules import SyncRules
from .run import cancel_additions, locked, settle

MAX_MEMBERS_PER_EVENT = 5_000
"""Maximum number of members per event."""


def authorise(
    binding: TenantBinding,
    members: Collection[int],
    *,
    admin: bool,
    rules: SyncRules,
    now: datetime,
    by: Member | None = None,
) -> None:
    """Let these members use the application; ``admin``: and administer it. ``by``: the acting administrator, for the
    history.

    Raises ``Refused`` if the enterprise is not bound, or if a person is not a member.
    """
    with transaction.atomic():
        locked_binding = lock_bound(binding, by=by)
        member_keys = sorted(current_members(locked_binding).filter(pk__in=members).values_list("pk", flat=True))
        if len(member_keys) != len(set(members)):
            raise Refused(
                "authorisation.no_member", _("One of the selected people is no longer a member of this enterprise.")
            )
        inserted_rows = rows.insert(
            "applications_authorisation",
            _COLUMNS,
            (_row(locked_binding, pk, admin, now) for pk in member_keys),
            unique=_UNIQUE,
        )
        existing = Authorisation.objects.filter(binding=locked_binding, member__in=member_keys).exclude(
            pk__in=[pk for (pk,) in inserted_rows]
        )
        existing.filter(Q(wanted=False) | ~Q(admin=admin)).update(
            wanted=True, admin=admin, version=F("version") + 1, changed_at=now
        )
        existing.update(by_hand=True)
        add_members_entry(locked_binding, EnterpriseAction.MEMBERS_AUTHORISED, member_keys, by=by, now=now)
        settle(locked_binding, rules, now=now)


_UNIQUE = "binding_id, member_id"
_COLUMNS = {
    "binding_id": "bigint", "member_id": "bigint", "by_hand": "boolean", "wanted": "boolean", "admin": "boolean",
    "version": "int", "sent_version": "int", "sent_digest": "text", "acked_version": "int", "acked_digest": "text",
    "told": "boolean", "changed_at": "timestamptz",
}  # fmt: skip


def _row(binding: TenantBinding, member: int, admin: bool, now: datetime) -> dict[str, object]:  # noqa: FBT001  # a column
    return {
        "binding_id": binding.pk, "member_id": member, "by_hand": True, "wanted": True, "admin": admin, "version": 1,
        "sent_version": 0, "sent_digest": "", "acked_version": 0, "acked_digest": "", "told": False,
        "changed_at": rows.moment(now),
    }  # fmt: skip


def withdraw(
    binding: TenantBinding, members: Collection[int], *, rules: SyncRules, now: datetime, by: Member | None = None
) -> int:
    """Withdraw individual authorisations. Members of a bound group or department keep the right. Return how many lose
    it."""
    with transaction.atomic():
        locked_binding = lock_bound(binding, by=by)
        authorisations = Authorisation.objects.filter(binding=locked_binding, member__in=members, by_hand=True)
        changed_members = list(authorisations.values_list("member_id", flat=True))
        authorisations.update(by_hand=False)
        add_members_entry(locked_binding, EnterpriseAction.MEMBERS_WITHDRAWN, changed_members, by=by, now=now)
        lost_members = refresh(locked_binding, members=members, now=now)
        settle(locked_binding, rules, now=now)
        return lost_members


def authorise_group(
    binding: TenantBinding, group: Group, *, rules: SyncRules, now: datetime, by: Member | None = None
) -> None:
    """Let all current and future members of the group use the application. Raises ``Refused`` for a group of another
    enterprise."""
    with transaction.atomic():
        locked_binding = lock_bound(binding, by=by)
        if group.enterprise_id != locked_binding.enterprise_id:
            raise Refused("authorisation.no_group", _("This group does not exist in this enterprise."))
        _group, was_created = BoundGroup.objects.get_or_create(binding=locked_binding, group=group)
        if was_created:
            add_history_entry(locked_binding, EnterpriseAction.GROUP_AUTHORISED, group.name, by=by, now=now)
        refresh(locked_binding, now=now)
        settle(locked_binding, rules, now=now)


def withdraw_group(
    binding: TenantBinding, group: Group, *, rules: SyncRules, now: datetime, by: Member | None = None
) -> int:
    """Withdraw the right from a group. Members with another authorisation keep it. Return how many lose it."""
    with transaction.atomic():
        locked_binding = lock_bound(binding, by=by)
        removed_count, _by_model = BoundGroup.objects.filter(binding=locked_binding, group=group).delete()
        if removed_count:
            add_history_entry(locked_binding, EnterpriseAction.GROUP_WITHDRAWN, group.name, by=by, now=now)
        lost_members = refresh(locked_binding, now=now)
        settle(locked_binding, rules, now=now)
        return lost_members


def current_members(binding: TenantBinding) -> QuerySet[Member]:
    return Member.objects.filter(enterprise=binding.enterprise_id, removed_at=None)


def refresh(held: TenantBinding, *, members: Collection[int] | None = None, now: datetime) -> int:
    """Update ``wanted`` by the policy (``desired.is_authorised``) for these members or for all. Return how many lost the
    right.

    Events report lost rights, and pending calls that would grant them are cancelled. The caller has locked ``held``.
    """
    _insert_of_groups(held, members, now)
    departments = covered_departments(held)
    if departments:
        _insert_of_departments(held, departments, members, now)
    authorisations = Authorisation.objects.filter(binding=held)
    authorisations = authorisations if members is None else authorisations.filter(member__in=members)
    of_groups = GroupMember.objects.filter(
        member=OuterRef("member"), group__bindings__binding=held, group__removed_at=None
    )
    of_departments = _in_departments(departments, members)
    is_entitled = _not_removed(members) & (Q(by_hand=True) | Q(Exists(of_groups)) | of_departments)
    changed_columns = {"version": F("version") + 1, "changed_at": now}
    authorisations.filter(pk__in=authorisations.filter(is_entitled, wanted=False).values("pk")).update(
        wanted=True, **changed_columns
    )
    lost_members = dict(authorisations.filter(~is_entitled, wanted=True).values_list("pk", "member_id"))
    if lost_members:
        for keys in chunks(sorted(lost_members)):
            Authorisation.objects.filter(pk__in=keys).update(wanted=False, admin=False, **changed_columns)
        cancel_additions(held, now=now)
        settle_unknown_to_seller(held)
        _publish_withdrawals(held, sorted(lost_members.values()), now)
    return len(lost_members)


def _not_removed(members: Collection[int] | None) -> Q:
    """Condition for members who were not removed. A few members are looked up by key, since a join would read all
    members."""
    if members is None:
        return Q(member__removed_at=None)
    removed_members = Member.objects.filter(pk__in=members, removed_at__isnull=False)
    return ~Q(member__in=list(removed_members.values_list("pk", flat=True)))


def _in_departments(departments: Collection[int], members: Collection[int] | None) -> Q:
    """Condition for members of these departments. A few members are looked up by key, as in ``_not_removed``."""
    if members is None or not departments:
        return Q(member__department__in=departments)
    matching_members = Member.objects.filter(pk__in=members, department__in=departments)
    return Q(member__in=list(matching_members.values_list("pk", flat=True)))


def _insert_of_groups(binding: TenantBinding, members: Collection[int] | None, now: datetime) -> None:
    """Insert missing rows for the members of bound groups."""
    only, parameters = _restricted_to(members)
    rows.run(
        f"INSERT INTO applications_authorisation ({', '.join(_COLUMNS)})"  # noqa: S608  # constants of ours
        f" SELECT DISTINCT b.binding_id, m.id, FALSE, TRUE, FALSE, 1, 0, '', 0, '', FALSE, %s{_cast('timestamptz')}"
        " FROM applications_boundgroup b JOIN organisations_group o ON o.id = b.group_id AND o.removed_at IS NULL"
        " JOIN organisations_groupmember g ON g.group_id = b.group_id"
        " JOIN organisations_member m ON m.id = g.member_id"
        f" WHERE b.binding_id = %s AND m.removed_at IS NULL{only} ON CONFLICT ({_UNIQUE}) DO NOTHING",
        [rows.moment(now), binding.pk, *parameters],
    )


def _insert_of_departments(
    binding: TenantBinding, departments: Collection[int], members: Collection[int] | None, now: datetime
) -> None:
    """Insert missing rows for the members of these departments."""
    only, parameters = _restricted_to(members)
    condition, keys = rows.among("m.department_id", departments)
    rows.run(
        f"INSERT INTO applications_authorisation ({', '.join(_COLUMNS)})"  # noqa: S608  # constants of ours
        f" SELECT %s{_cast('bigint')}, m.id, FALSE, TRUE, FALSE, 1, 0, '', 0, '', FALSE, %s{_cast('timestamptz')}"
        f" FROM organisations_member m WHERE {condition} AND m.removed_at IS NULL{only} ON CONFLICT ({_UNIQUE}) DO NOTHING",
        [binding.pk, rows.moment(now), *keys, *parameters],
    )


def _restricted_to(members: Collection[int] | None) -> rows.Statement:
    """Return an SQL condition that restricts a statement to some members, with its parameters."""
    if members is None:
        return "", []
    condition, parameters = rows.among("m.id", members)
    return f" AND {condition}", parameters


def _cast(kind: str) -> str:
    return f"::{kind}" if connection.vendor == "postgresql" else ""


def chunks(keys: Sequence[int]) -> list[Sequence[int]]:
    return [keys[begin : begin + MAX_MEMBERS_PER_EVENT] for begin in range(0, len(keys), MAX_MEMBERS_PER_EVENT)]


def _publish_withdrawals(binding: TenantBinding, members: Sequence[int], now: datetime) -> None:
    outbox.publish_all(
        [
            AuthorisationWithdrawn(
                binding=binding.pk,
                enterprise=binding.enterprise_id,
                application=binding.application_id,
                members=tuple(part),
                at=now,
            )
            for part in chunks(members)
        ],
        now=now,
    )


MAX_NAMES = 20
"""Maximum number of account names in an entry of the history."""


def add_members_entry(
    binding: TenantBinding, act: EnterpriseAction, members: Sequence[int], *, by: Member | None, now: datetime
) -> None:
    """Add an entry to the enterprise's history, with the number of members and the first account names."""
    if by is None or not members:
        return
    names = Member.objects.filter(pk__in=members[:MAX_NAMES]).order_by("pk").values_list("user_name", flat=True)
    add_history_entry(binding, act, f"{len(members)}: {', '.join(names)}", by=by, now=now)


def add_history_entry(
    binding: TenantBinding, act: EnterpriseAction, text: str, *, by: Member | None, now: datetime
) -> None:
    """Add an entry to the enterprise's history. Without an administrator (a seller's test account) there is no
    entry."""
    if by is not None:
        act_log.record(
            binding.enterprise, act, act_log.actor_of(by), about=application_subject(binding), note=text, now=now
        )


def application_subject(binding: TenantBinding) -> ExternalSubject:
    """Return the subject under which the enterprise's history lists this binding."""
    return ExternalSubject(subject=f"application:{binding.pk}", name=binding.application.name)


def lock_bound(binding: TenantBinding, *, by: Member | None = None) -> TenantBinding:
    """Lock and return the binding. ``by``: the acting administrator. Raises ``Refused`` unless it is bound and ``by``
    may act."""
    if by is not None:
        enterprise = Enterprise.objects.select_for_update(of=("self",), no_key=True).get(pk=binding.enterprise_id)
        check_admin(by, enterprise)
    locked_binding = locked(binding.pk)
    if locked_binding.status != TenantBinding.Status.BOUND:
        words = _("Members can be authorised only while the enterprise is bound to the service.")
        raise Refused("authorisation.not_bound", words)
    return locked_binding
