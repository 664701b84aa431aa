"""Groups of people, to which applications can be given at once (business-rules §9 'Joint SaaS')."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox, rows
from tradepost.market.base.errors import Refused

from . import account_names
from .act_log import By, Did, actor, record
from .events import GroupRemoved, MembersChanged
from .locking import lock
from .members import tell
from .models import Enterprise, Group, GroupMember, Member

LONGEST_NAME = 64
MOST_AT_ONCE = 500
"""Members that are put into a group, or taken out of it, by one act; and that leave one which was removed, in one transaction."""


def add(
    enterprise: Enterprise, name: str, *, by: By, most: int, now: datetime, external_id: str = ""
) -> Group:  # fmt: skip
    """``most``: groups of an enterprise. ``external_id``: what its directory calls the group. Raises ``Refused``."""
    external_id = account_names.external_id(external_id)
    name = account_names.plain_name(name, field="name", longest=LONGEST_NAME)
    with transaction.atomic():
        held = lock(enterprise, by=by)
        if Group.objects.filter(enterprise=held, removed_at=None).count() >= most:
            words = _("An enterprise has at most %(most)s groups.") % {"most": most}
            raise Refused("group.too_many", words)
        try:
            with transaction.atomic():
                made = Group.objects.create(enterprise=held, name=name, external_id=external_id, created_at=now)
        except IntegrityError:
            raise _taken(name) from None
        record(held, Did.GROUP_ADDED, actor(by), about=made, now=now)
    return made


def rename(group: Group, name: str, *, by: By, now: datetime) -> None:
    name = account_names.plain_name(name, field="name", longest=LONGEST_NAME)
    with transaction.atomic():
        held = lock(group.enterprise_id, by=by)
        one = _still(held, group)
        before, one.name = one.name, name
        if before == name:
            return
        try:
            with transaction.atomic():
                one.save(update_fields=["name"])
        except IntegrityError:
            raise _taken(name) from None
        record(held, Did.GROUP_RENAMED, actor(by), about=one, now=now, note=before)


def name_outside(group: Group, external_id: str, *, by: By, now: datetime) -> None:
    """What the enterprise's directory calls it; nobody else sees that. The same again changes nothing."""
    external_id = account_names.external_id(external_id)
    with transaction.atomic():
        held = lock(group.enterprise_id, by=by)
        one = _still(held, group)
        if one.external_id == external_id:
            return
        one.external_id = external_id
        one.save(update_fields=["external_id"])
        record(held, Did.GROUP_LINKED, actor(by), about=one, now=now, note=external_id)


def remove(group: Group, *, by: By, now: datetime) -> None:
    """Its members stay members of the enterprise; only what the group gave them goes. They leave it one batch after the other
    (``empty``), since all of a large enterprise may be in it."""
    with transaction.atomic():
        held = lock(group.enterprise_id, by=by)
        one = _still(held, group)
        record(held, Did.GROUP_REMOVED, actor(by), about=one, now=now)
        one.removed_at = now
        one.save(update_fields=["removed_at"])
        outbox.publish(GroupRemoved(enterprise=held.pk, group=one.pk), now=now)


def empty(event: GroupRemoved, now: datetime) -> None:
    """The next members leave a group that was removed; after the last ones its row goes. What comes twice does nothing."""
    one = Group.objects.filter(pk=event.group, removed_at__isnull=False).first()
    if one is None:
        return
    inside = GroupMember.objects.filter(group=one).order_by("group", "-pk").values_list("pk", "member")
    some = dict(inside[:MOST_AT_ONCE])
    if some:  # nobody is put into a group that was removed, so that these are the ones from here on
        GroupMember.objects.filter(group=one, pk__gte=min(some)).delete()
        outbox.publish(MembersChanged(enterprise=event.enterprise, members=tuple(some.values())), now=now)
    if len(some) < MOST_AT_ONCE:
        one.delete()
    else:
        outbox.publish(event, now=now)


def put_in(group: Group, members: Collection[int], *, by: By, now: datetime) -> int:
    """How many of these members (keys) were not in it. Raises ``Refused`` for one who is no member, and changes nothing."""
    with transaction.atomic():
        held = lock(group.enterprise_id, by=by)
        one, chosen = _still(held, group), _chosen(held, members)
        there = set(GroupMember.objects.filter(group=one, member__in=chosen).values_list("member", flat=True))
        new = [member for member in chosen if member.pk not in there]
        rows.create(GroupMember(group=one, member=member) for member in new)
        return _noted(one, new, Did.GROUP_FILLED, by=by, now=now)


def take_out(group: Group, members: Collection[int], *, by: By, now: datetime) -> int:
    """How many of these members (keys) were in it."""
    with transaction.atomic():
        held = lock(group.enterprise_id, by=by)
        one = _still(held, group)
        inside = Member.objects.filter(pk__in=list(members)[:MOST_AT_ONCE], groups__group=one)
        gone = list(inside.order_by("pk"))
        GroupMember.objects.filter(group=one, member__in=gone).delete()
        return _noted(one, gone, Did.GROUP_EMPTIED, by=by, now=now)


def _noted(one: Group, changed: list[Member], did: Did, *, by: By, now: datetime) -> int:
    if changed:
        names = ", ".join(member.user_name for member in changed[:20])
        record(one.enterprise, did, actor(by), about=one, now=now, note=f"{len(changed)}: {names}")
        tell(changed, now=now)
    return len(changed)


def _chosen(held: Enterprise, members: Collection[int]) -> list[Member]:
    if len(members) > MOST_AT_ONCE:
        words = _("At most %(most)s people are put into a group at once.") % {"most": MOST_AT_ONCE}
        raise Refused("group.too_many_at_once", words, HTTPStatus.UNPROCESSABLE_ENTITY)
    found = list(Member.objects.filter(pk__in=members, enterprise=held, removed_at=None).order_by("pk"))
    if len(found) < len(set(members)):
        words = _("One of these people is no member any more. Look at the list again.")
        raise Refused("enterprise.no_member", words, HTTPStatus.NOT_FOUND)
    return found


def _still(held: Enterprise, group: Group) -> Group:
    found = Group.objects.filter(pk=group.pk, enterprise=held, removed_at=None).first()
    if found is None:
        raise Refused("group.gone", _("There is no such group any more."), HTTPStatus.NOT_FOUND)
    return found


def _taken(name: str) -> Refused:
    return Refused("group.name_taken", _("There is a group “%(name)s” already.") % {"name": name}, field="name")
