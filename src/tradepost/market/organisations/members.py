"""People of an enterprise: added with an account of the enterprise's making, changed, disabled, removed, brought back
(openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct, field

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User

from . import account_names
from .act_log import By, Did, actor, record
from .administrators import must_leave_an_admin
from .events import MembersChanged
from .initial_password import NewPassword, draw, give, no_password
from .locking import counted, department_of, lock, member_of
from .models import Enterprise, GroupMember, Invitation, Member, OwnAddress
from .profile import Profile

LONGEST_NAME = 64


class Person(Struct, frozen=True, kw_only=True):
    """What an administrator, or the enterprise's directory, says of somebody. ``department`` is a key. ``external_id``: what the
    directory calls them; None leaves what is known."""

    name: str
    department: int
    role: str = Member.Role.USER
    profile: Profile = field(default_factory=Profile)
    external_id: str | None = None
    directory: Mapping[str, str] | None = None
    """As ``Member.directory``; None where an administrator speaks."""


def add_managed(
    enterprise: Enterprise, user_name: str, person: Person, *, by: Member | None, most: int, now: datetime
) -> NewPassword:
    """A member with an account that the enterprise makes: it has no e-mail address, and signs in at the enterprise's auth centre
    alone. Its first password is in the answer and nowhere else; a person replaces it at the first sign-in, a seller's tester keeps it
    (``by`` is None). ``most``: living members. Raises ``Refused``."""
    user_name, drawn = account_names.user_name(user_name), draw()
    with transaction.atomic():
        member = add_without_password(enterprise, user_name, person, by=by, most=most, now=now)
        return give(member, drawn, now=now, temporary=by is not None)


def add_without_password(
    enterprise: Enterprise, user_name: str, person: Person, *, by: By | None, most: int, now: datetime
) -> Member:
    """The same, as an enterprise's directory does it: nobody signs in with the account until an administrator makes its password."""
    user_name = account_names.user_name(user_name)
    with transaction.atomic():
        held = lock(enterprise, by=by)
        must_have_room(held, most=most)
        must_be_free(held, user_name)
        user = User.objects.create(email="", name=person.name[:64], password=no_password(), joined_at=now)
        member = Member(enterprise=held, user=user, user_name=user_name, managed=True, joined_at=now)
        _set(member, held, person)
        member.save()
        counted(held, 1)
        record(held, Did.MEMBER_ADDED, actor(by), about=member, now=now, note=user_name)
        tell([member], now=now)
    return member


def must_have_room(enterprise: Enterprise, *, most: int) -> None:
    if enterprise.people >= most:
        words = _("An enterprise has at most %(most)s members.") % {"most": most}
        raise Refused("enterprise.too_many_members", words)


def must_be_free(enterprise: Enterprise, user_name: str) -> None:
    """An account name is one person's for ever: sellers know people by nothing else."""
    standing = Member.objects.filter(enterprise=enterprise, user_name=user_name).first()
    if standing is not None and standing.removed_at is None:
        words = _("%(name)s has the account name “%(account)s” already.") % {"name": standing, "account": user_name}
        raise Refused("enterprise.user_name_taken", words, field="user_name")
    if standing is not None:
        words = _(
            "“%(account)s” was the account name of somebody who was removed. Bring that person back, or choose another name: "
            "a new person would get what the former one had in the software of sellers."
        )
        raise Refused("enterprise.user_name_used", words % {"account": user_name}, field="user_name")
    if Invitation.objects.filter(enterprise=enterprise, status=Invitation.Status.PENDING, user_name=user_name).exists():
        words = _("Somebody is invited under the account name “%(account)s”.") % {"account": user_name}
        raise Refused("enterprise.user_name_invited", words, field="user_name")


def _set(member: Member, held: Enterprise, person: Person) -> None:
    if person.role not in Member.Role.values:
        raise account_names.wrong("role", _("A member is an administrator or is not."))
    moved = member.department_id != person.department
    member.name = account_names.plain_name(person.name, field="name", longest=LONGEST_NAME)
    member.department = department_of(held, person.department)
    member.role, member.profile = person.role, person.profile.stored()
    if person.external_id is not None:
        member.external_id = account_names.external_id(person.external_id)
    if person.directory is not None:
        member.directory = {name: account_names.external_id(text) for name, text in person.directory.items()}
    elif moved:  # an administrator decided what the directory could not
        member.directory = {name: text for name, text in member.directory.items() if name != "department"}


def rename_account(member: Member, user_name: str, *, by: By, now: datetime) -> None:
    """Change the account name of a person whom no seller knows yet. Raises ``Refused``."""
    user_name = account_names.user_name(user_name)
    with transaction.atomic():
        held = lock(member.enterprise_id, by=by)
        one = member_of(held, member)
        if one.user_name == user_name:
            return
        must_be_free(held, user_name)
        note, one.user_name, one.version = f"{one.user_name} → {user_name}", user_name, one.version + 1
        one.save(update_fields=["user_name", "version"])
        record(held, Did.MEMBER_CHANGED, actor(by), about=one, now=now, note=note)
        tell([one], now=now)


def change(member: Member, person: Person, *, by: By, now: datetime) -> Member:
    """Name, department, role and what else is known. Raises ``Refused`` when nobody would be administrator any more."""
    with transaction.atomic():
        held = lock(member.enterprise_id, by=by)
        one = member_of(held, member)
        before = _facts(one)
        was_admin = one.role == Member.Role.ADMIN
        _set(one, held, person)
        if before == _facts(one):
            return one
        if was_admin and one.role != Member.Role.ADMIN:
            must_leave_an_admin(one)
        one.version += 1
        one.save(update_fields=["name", "department", "role", "profile", "external_id", "directory", "version"])
        note = "" if one.role == before[0] else one.role
        record(held, Did.MEMBER_CHANGED, actor(by), about=one, now=now, note=note)
        tell([one], now=now)
    return one


def _facts(one: Member) -> tuple[object, ...]:
    return one.role, one.name, one.department_id, one.profile, one.external_id, one.directory


def disable(member: Member, *, by: By, now: datetime) -> None:
    """They stay a member, whom sellers know, but nobody signs in as them (§A.7 ``enable``). The same again changes nothing."""
    _switch(member, enabled=False, by=by, now=now)


def enable(member: Member, *, by: By, now: datetime) -> None:
    _switch(member, enabled=True, by=by, now=now)


def _switch(member: Member, *, enabled: bool, by: By, now: datetime) -> None:
    with transaction.atomic():
        held = lock(member.enterprise_id, by=by)
        one = member_of(held, member)
        if one.enabled == enabled:
            return
        if not enabled:
            _must_not_be(by, one, _("You cannot disable yourself. Ask another administrator."))
            if one.role == Member.Role.ADMIN:
                must_leave_an_admin(one)
        one.enabled, one.version = enabled, one.version + 1
        one.save(update_fields=["enabled", "version"])
        record(held, Did.MEMBER_ENABLED if enabled else Did.MEMBER_DISABLED, actor(by), about=one, now=now)
        tell([one], now=now)


def remove(member: Member, *, by: By, now: datetime) -> None:
    """They are out, of all groups too; what was known of them beside their name is forgotten. Raises ``Refused`` for oneself,
    and for the last administrator."""
    with transaction.atomic():
        held = lock(member.enterprise_id, by=by)
        one = member_of(held, member)
        _must_not_be(by, one, _("You cannot remove yourself. You can leave the enterprise instead."))
        _out(held, one, now=now)
        record(held, Did.MEMBER_REMOVED, actor(by), about=one, now=now, note=one.user_name)


def leave(member: Member, *, now: datetime) -> None:
    """By one's own will. Raises ``Refused`` for the last administrator, and for an account that is the enterprise's."""
    with transaction.atomic():
        held = lock(member.enterprise_id)
        one = member_of(held, member)
        if one.managed:
            words = _("Your account belongs to the enterprise. Ask one of its administrators to remove it.")
            raise Refused("enterprise.managed", words)
        _out(held, one, now=now)
        record(held, Did.MEMBER_LEFT, actor(one), about=one, now=now, note=one.user_name)


def restore(member: Member, *, department: int, by: Member, most: int, now: datetime) -> None:
    """Bring back somebody who was removed, under the same account name, without rights. An account of the enterprise's making has
    no password until an administrator makes one."""
    with transaction.atomic():
        held = lock(member.enterprise_id, by=by)
        one = Member.objects.select_related("user").get(pk=member.pk, enterprise=held)
        if one.removed_at is None:
            return
        must_have_room(held, most=most)
        bring_back(one, held, department=department)
        record(held, Did.MEMBER_RESTORED, actor(by), about=one, now=now, note=one.user_name)
        tell([one], now=now)


def bring_back(one: Member, held: Enterprise, *, department: int, role: str = Member.Role.USER) -> None:
    one.department, one.role = department_of(held, department), role
    one.removed_at, one.enabled, one.version = None, True, one.version + 1
    one.save(update_fields=["department", "role", "removed_at", "enabled", "version"])
    counted(held, 1)
    if one.managed:
        User.objects.filter(pk=one.user_id).update(is_active=True)


def _out(held: Enterprise, one: Member, *, now: datetime) -> None:
    if one.role == Member.Role.ADMIN:
        must_leave_an_admin(one)
    GroupMember.objects.filter(member=one).delete()
    one.removed_at, one.version, one.profile, one.password_at = now, one.version + 1, {}, None
    one.external_id, one.directory, one.password_temporary = "", {}, False
    fields = ["removed_at", "version", "profile", "password_at", "external_id", "directory", "password_temporary"]
    one.save(update_fields=fields)
    OwnAddress.objects.filter(member=one).delete()
    counted(held, -1)
    if one.managed:  # nobody signs in with it any more, wherever
        User.objects.filter(pk=one.user_id).update(is_active=False, password=no_password())
    tell([one], now=now)


def _must_not_be(by: By, one: Member, words: str) -> None:
    if by == one:
        raise Refused("enterprise.yourself", words)


def tell(changed: Sequence[Member], *, now: datetime) -> None:
    """Publish that these members, of one enterprise, are not what they were."""
    if changed:
        happened = MembersChanged(enterprise=changed[0].enterprise_id, members=tuple(one.pk for one in changed))
        outbox.publish(happened, now=now)
