"""Members of an enterprise: add them with an account of the enterprise, change, disable, remove and restore them
(openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct, field

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.account_locks import activate
from tradepost.market.identity.models import User

from . import account_names
from .act_log import Author, EnterpriseAction, actor_of, record
from .administrators import check_admin_remains
from .events import MembersChanged
from .initial_password import NewPassword, generate_password, set_password, unusable_hash
from .locking import add_to_count, department_of, lock, member_of
from .models import Enterprise, GroupMember, Invitation, Member, OwnAddress
from .profile import Profile

MAX_NAME_LENGTH = 64


class Person(Struct, frozen=True, kw_only=True):
    """Data of a person from an administrator or the enterprise's directory. ``department`` is a key.

    ``external_id``: identifier in the directory; None keeps the current one."""

    name: str
    department: int
    role: str = Member.Role.USER
    profile: Profile = field(default_factory=Profile)
    external_id: str | None = None
    directory: Mapping[str, str] | None = None
    """See ``Member.directory``; None if an administrator makes the change."""


def add_managed(
    enterprise: Enterprise, user_name: str, person: Person, *, by: Member | None, most: int, now: datetime
) -> NewPassword:
    """Add a member with an account of the enterprise, which has no email address and signs in only at the
    enterprise's auth centre.

    Return its first password, which is not stored in clear. A person replaces it at the first sign-in; a seller's
    tester keeps it (``by`` is None). ``most``: limit of members. Raises ``Refused``."""
    user_name, drawn_password = account_names.checked_user_name(user_name), generate_password()
    with transaction.atomic():
        member = add_without_password(enterprise, user_name, person, by=by, most=most, now=now)
        return set_password(member, drawn_password, now=now, temporary=by is not None)


def add_without_password(
    enterprise: Enterprise, user_name: str, person: Person, *, by: Author | None, most: int, now: datetime
) -> Member:
    """Add a member without a password, as an enterprise's directory does. An administrator must generate one before
    the first sign-in."""
    user_name = account_names.checked_user_name(user_name)
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        check_member_limit(locked_enterprise, most=most)
        check_account_name_free(locked_enterprise, user_name)
        user = User.objects.create(email="", name=person.name[:64], password=unusable_hash(), joined_at=now)
        member = Member(enterprise=locked_enterprise, user=user, user_name=user_name, managed=True, joined_at=now)
        _apply(member, locked_enterprise, person)
        member.save()
        add_to_count(locked_enterprise, 1)
        record(locked_enterprise, EnterpriseAction.MEMBER_ADDED, actor_of(by), about=member, now=now, note=user_name)
        publish_changes([member], now=now)
    return member


def check_member_limit(enterprise: Enterprise, *, most: int) -> None:
    if enterprise.people >= most:
        message = _("An enterprise has at most %(most)s members.") % {"most": most}
        raise Refused("enterprise.too_many_members", message)


def check_account_name_free(enterprise: Enterprise, user_name: str) -> None:
    """Check that an account name was never used: it identifies a person to sellers permanently."""
    holder = Member.objects.filter(enterprise=enterprise, user_name=user_name).first()
    if holder is not None and holder.removed_at is None:
        message = _("%(name)s has the account name “%(account)s” already.") % {"name": holder, "account": user_name}
        raise Refused("enterprise.user_name_taken", message, field="user_name")
    if holder is not None:
        message = _(
            "“%(account)s” was the account name of a removed member. Restore that member, or choose another "
            "name. Otherwise, the new member gets everything that the former member had in sellers' software."
        )
        raise Refused("enterprise.user_name_used", message % {"account": user_name}, field="user_name")
    if Invitation.objects.filter(enterprise=enterprise, status=Invitation.Status.PENDING, user_name=user_name).exists():
        message = _("A person has been invited with the account name “%(account)s”.") % {"account": user_name}
        raise Refused("enterprise.user_name_invited", message, field="user_name")


def _apply(member: Member, enterprise: Enterprise, person: Person) -> None:
    if person.role not in Member.Role.values:
        raise account_names.invalid_name("role", _("The role must be member or administrator."))
    is_moved = member.department_id != person.department
    member.name = account_names.plain_name(person.name, field="name", longest=MAX_NAME_LENGTH)
    member.department = department_of(enterprise, person.department)
    member.role, member.profile = person.role, person.profile.stored()
    if person.external_id is not None:
        member.external_id = account_names.external_id(person.external_id)
    if person.directory is not None:
        member.directory = {name: account_names.external_id(text) for name, text in person.directory.items()}
    elif is_moved:  # an administrator decided what the directory could not
        member.directory = {name: text for name, text in member.directory.items() if name != "department"}


def rename_account(member: Member, user_name: str, *, by: Author, now: datetime) -> None:
    """Change the account name of a person whom no seller knows yet. Raises ``Refused``."""
    user_name = account_names.checked_user_name(user_name)
    with transaction.atomic():
        enterprise = lock(member.enterprise_id, by=by)
        current_member = member_of(enterprise, member)
        if current_member.user_name == user_name:
            return
        check_account_name_free(enterprise, user_name)
        note, current_member.user_name, current_member.version = (
            f"{current_member.user_name} → {user_name}",
            user_name,
            current_member.version + 1,
        )
        current_member.save(update_fields=["user_name", "version"])
        record(enterprise, EnterpriseAction.MEMBER_CHANGED, actor_of(by), about=current_member, now=now, note=note)
        publish_changes([current_member], now=now)


def change(member: Member, person: Person, *, by: Author, now: datetime) -> Member:
    """Change name, department, role and profile. Raises ``Refused`` if no administrator would remain."""
    with transaction.atomic():
        enterprise = lock(member.enterprise_id, by=by)
        current_member = member_of(enterprise, member)
        before = _stored_values(current_member)
        was_admin = current_member.role == Member.Role.ADMIN
        _apply(current_member, enterprise, person)
        if before == _stored_values(current_member):
            return current_member
        if was_admin and current_member.role != Member.Role.ADMIN:
            check_admin_remains(current_member)
        current_member.version += 1
        current_member.save(
            update_fields=["name", "department", "role", "profile", "external_id", "directory", "version"]
        )
        note = "" if current_member.role == before[0] else current_member.role
        record(enterprise, EnterpriseAction.MEMBER_CHANGED, actor_of(by), about=current_member, now=now, note=note)
        publish_changes([current_member], now=now)
    return current_member


def _stored_values(member: Member) -> tuple[object, ...]:
    return member.role, member.name, member.department_id, member.profile, member.external_id, member.directory


def disable(member: Member, *, by: Author, now: datetime) -> None:
    """Disable sign-in of a member who stays known to sellers (§A.7 ``enable``). Repeating it has no effect."""
    _set_enabled(member, enabled=False, by=by, now=now)


def enable(member: Member, *, by: Author, now: datetime) -> None:
    _set_enabled(member, enabled=True, by=by, now=now)


def _set_enabled(member: Member, *, enabled: bool, by: Author, now: datetime) -> None:
    with transaction.atomic():
        enterprise = lock(member.enterprise_id, by=by)
        current_member = member_of(enterprise, member)
        if current_member.enabled == enabled:
            return
        if not enabled:
            _check_not_self(by, current_member, _("You cannot disable yourself. Ask another administrator."))
            if current_member.role == Member.Role.ADMIN:
                check_admin_remains(current_member)
        current_member.enabled, current_member.version = enabled, current_member.version + 1
        current_member.save(update_fields=["enabled", "version"])
        record(
            enterprise,
            EnterpriseAction.MEMBER_ENABLED if enabled else EnterpriseAction.MEMBER_DISABLED,
            actor_of(by),
            about=current_member,
            now=now,
        )
        publish_changes([current_member], now=now)


def remove(member: Member, *, by: Author, now: datetime) -> None:
    """Remove a member, also from all groups, and erase their data except the name. Raises ``Refused`` for oneself,
    and for the last administrator."""
    with transaction.atomic():
        enterprise = lock(member.enterprise_id, by=by)
        current_member = member_of(enterprise, member)
        _check_not_self(by, current_member, _("You cannot remove yourself. You can leave the enterprise instead."))
        _end_membership(enterprise, current_member, now=now)
        record(
            enterprise,
            EnterpriseAction.MEMBER_REMOVED,
            actor_of(by),
            about=current_member,
            now=now,
            note=current_member.user_name,
        )


def leave(member: Member, *, now: datetime) -> None:
    """Leave the enterprise. Raises ``Refused`` for the last administrator, and for an account of the enterprise."""
    with transaction.atomic():
        enterprise = lock(member.enterprise_id)
        current_member = member_of(enterprise, member)
        if current_member.managed:
            words = _("Your account belongs to the enterprise. Ask one of its administrators to remove it.")
            raise Refused("enterprise.managed", words)
        _end_membership(enterprise, current_member, now=now)
        record(
            enterprise,
            EnterpriseAction.MEMBER_LEFT,
            actor_of(current_member),
            about=current_member,
            now=now,
            note=current_member.user_name,
        )


def restore_member(member: Member, *, department: int, by: Member, most: int, now: datetime) -> None:
    """Restore a removed member under the same account name, without rights. An account of the enterprise has no
    password until an administrator generates one."""
    with transaction.atomic():
        enterprise = lock(member.enterprise_id, by=by)
        current_member = Member.objects.select_related("user").get(pk=member.pk, enterprise=enterprise)
        if current_member.removed_at is None:
            return
        check_member_limit(enterprise, most=most)
        reactivate(current_member, enterprise, department=department)
        record(
            enterprise,
            EnterpriseAction.MEMBER_RESTORED,
            actor_of(by),
            about=current_member,
            now=now,
            note=current_member.user_name,
        )
        publish_changes([current_member], now=now)


def reactivate(member: Member, enterprise: Enterprise, *, department: int, role: str = Member.Role.USER) -> None:
    member.department, member.role = department_of(enterprise, department), role
    member.removed_at, member.enabled, member.version = None, True, member.version + 1
    member.save(update_fields=["department", "role", "removed_at", "enabled", "version"])
    add_to_count(enterprise, 1)
    if member.managed:
        activate(member.user_id)


def _end_membership(enterprise: Enterprise, member: Member, *, now: datetime) -> None:
    if member.role == Member.Role.ADMIN:
        check_admin_remains(member)
    GroupMember.objects.filter(member=member).delete()
    member.removed_at, member.version, member.profile, member.password_at = now, member.version + 1, {}, None
    member.external_id, member.directory, member.password_temporary = "", {}, False
    fields = ["removed_at", "version", "profile", "password_at", "external_id", "directory", "password_temporary"]
    member.save(update_fields=fields)
    OwnAddress.objects.filter(member=member).delete()
    add_to_count(enterprise, -1)
    if member.managed:  # the account can no longer sign in anywhere
        User.objects.filter(pk=member.user_id).update(is_active=False, password=unusable_hash())
    publish_changes([member], now=now)


def _check_not_self(by: Author, member: Member, message: str) -> None:
    if by == member:
        raise Refused("enterprise.yourself", message)


def publish_changes(members: Sequence[Member], *, now: datetime) -> None:
    """Publish a change of these members of one enterprise."""
    if members:
        event = MembersChanged(enterprise=members[0].enterprise_id, members=tuple(member.pk for member in members))
        outbox.publish(event, now=now)
