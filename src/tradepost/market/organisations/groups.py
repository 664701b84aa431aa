"""Groups of people, to which applications can be assigned at once (business-rules §9 'Joint SaaS')."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox, rows
from tradepost.market.base.errors import Refused

from . import account_names
from .act_log import Author, EnterpriseAction, actor_of, record
from .events import GroupRemoved, MembersChanged
from .locking import lock
from .members import publish_changes
from .models import Enterprise, Group, GroupMember, Member

MAX_NAME_LENGTH = 64
MAX_BATCH = 500
"""Maximum members added or removed by one act, and members who leave a removed group in one transaction."""


def add(
    enterprise: Enterprise, name: str, *, by: Author, most: int, now: datetime, external_id: str = ""
) -> Group:  # fmt: skip
    """Add a group. ``most``: limit of groups. ``external_id``: its identifier in the directory. Raises
    ``Refused``."""
    external_id = account_names.external_id(external_id)
    name = account_names.plain_name(name, field="name", longest=MAX_NAME_LENGTH)
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if Group.objects.filter(enterprise=locked_enterprise, removed_at=None).count() >= most:
            message = _("An enterprise has at most %(most)s groups.") % {"most": most}
            raise Refused("group.too_many", message)
        try:
            with transaction.atomic():
                group = Group.objects.create(
                    enterprise=locked_enterprise, name=name, external_id=external_id, created_at=now
                )
        except IntegrityError:
            raise _name_taken(name) from None
        record(locked_enterprise, EnterpriseAction.GROUP_ADDED, actor_of(by), about=group, now=now)
    return group


def rename(group: Group, name: str, *, by: Author, now: datetime) -> None:
    name = account_names.plain_name(name, field="name", longest=MAX_NAME_LENGTH)
    with transaction.atomic():
        enterprise = lock(group.enterprise_id, by=by)
        locked_group = _lock_group(enterprise, group)
        before, locked_group.name = locked_group.name, name
        if before == name:
            return
        try:
            with transaction.atomic():
                locked_group.save(update_fields=["name"])
        except IntegrityError:
            raise _name_taken(name) from None
        record(enterprise, EnterpriseAction.GROUP_RENAMED, actor_of(by), about=locked_group, now=now, note=before)


def set_external_id(group: Group, external_id: str, *, by: Author, now: datetime) -> None:
    """Set the group's identifier in the enterprise's directory, which only the directory sees. Repeating it has no
    effect."""
    external_id = account_names.external_id(external_id)
    with transaction.atomic():
        enterprise = lock(group.enterprise_id, by=by)
        locked_group = _lock_group(enterprise, group)
        if locked_group.external_id == external_id:
            return
        locked_group.external_id = external_id
        locked_group.save(update_fields=["external_id"])
        record(enterprise, EnterpriseAction.GROUP_LINKED, actor_of(by), about=locked_group, now=now, note=external_id)


def remove(group: Group, *, by: Author, now: datetime) -> None:
    """Remove a group. Its members stay in the enterprise, and lose what the group gave them. They leave in batches
    (``empty``), because a group may have all members of a large enterprise."""
    with transaction.atomic():
        enterprise = lock(group.enterprise_id, by=by)
        locked_group = _lock_group(enterprise, group)
        record(enterprise, EnterpriseAction.GROUP_REMOVED, actor_of(by), about=locked_group, now=now)
        locked_group.removed_at = now
        locked_group.save(update_fields=["removed_at"])
        outbox.publish(GroupRemoved(enterprise=enterprise.pk, group=locked_group.pk), now=now)


def empty(event: GroupRemoved, now: datetime) -> None:
    """Reaction: remove the next members of a removed group, and delete its row after the last. Repeating it has no
    effect."""
    group = Group.objects.filter(pk=event.group, removed_at__isnull=False).first()
    if group is None:
        return
    memberships = GroupMember.objects.filter(group=group).order_by("group", "-pk").values_list("pk", "member")
    batch = dict(memberships[:MAX_BATCH])
    if batch:  # no one can join a removed group, so these are all memberships from this key on
        GroupMember.objects.filter(group=group, pk__gte=min(batch)).delete()
        outbox.publish(MembersChanged(enterprise=event.enterprise, members=tuple(batch.values())), now=now)
    if len(batch) < MAX_BATCH:
        group.delete()
    else:
        outbox.publish(event, now=now)


def add_members(group: Group, members: Collection[int], *, by: Author, now: datetime) -> int:
    """Add members (keys). Return how many were not in the group. Raises ``Refused``, without a change, if one is not
    a member."""
    with transaction.atomic():
        enterprise = lock(group.enterprise_id, by=by)
        locked_group, chosen_members = _lock_group(enterprise, group), _selected_members(enterprise, members)
        present_keys = set(
            GroupMember.objects.filter(group=locked_group, member__in=chosen_members).values_list("member", flat=True)
        )
        new_members = [member for member in chosen_members if member.pk not in present_keys]
        rows.create(GroupMember(group=locked_group, member=member) for member in new_members)
        return _record_members(locked_group, new_members, EnterpriseAction.GROUP_FILLED, by=by, now=now)


def remove_members(group: Group, members: Collection[int], *, by: Author, now: datetime) -> int:
    """Remove members (keys). Return how many were in the group."""
    with transaction.atomic():
        enterprise = lock(group.enterprise_id, by=by)
        locked_group = _lock_group(enterprise, group)
        members_in = Member.objects.filter(pk__in=list(members)[:MAX_BATCH], groups__group=locked_group)
        removed_members = list(members_in.order_by("pk"))
        GroupMember.objects.filter(group=locked_group, member__in=removed_members).delete()
        return _record_members(locked_group, removed_members, EnterpriseAction.GROUP_EMPTIED, by=by, now=now)


def _record_members(
    group: Group, changed_members: list[Member], act: EnterpriseAction, *, by: Author, now: datetime
) -> int:
    if changed_members:
        names = ", ".join(member.user_name for member in changed_members[:20])
        record(group.enterprise, act, actor_of(by), about=group, now=now, note=f"{len(changed_members)}: {names}")
        publish_changes(changed_members, now=now)
    return len(changed_members)


def _selected_members(enterprise: Enterprise, members: Collection[int]) -> list[Member]:
    if len(members) > MAX_BATCH:
        message = _("You can add at most %(most)s people to a group at once.") % {"most": MAX_BATCH}
        raise Refused("group.too_many_at_once", message, HTTPStatus.UNPROCESSABLE_ENTITY)
    chosen = list(Member.objects.filter(pk__in=members, enterprise=enterprise, removed_at=None).order_by("pk"))
    if len(chosen) < len(set(members)):
        message = _("One of these people is no longer a member. Reload the list and try again.")
        raise Refused("enterprise.no_member", message, HTTPStatus.NOT_FOUND)
    return chosen


def _lock_group(enterprise: Enterprise, group: Group) -> Group:
    current_group = Group.objects.filter(pk=group.pk, enterprise=enterprise, removed_at=None).first()
    if current_group is None:
        raise Refused("group.gone", _("This group no longer exists."), HTTPStatus.NOT_FOUND)
    return current_group


def _name_taken(name: str) -> Refused:
    return Refused("group.name_taken", _("There is a group “%(name)s” already.") % {"name": name}, field="name")
