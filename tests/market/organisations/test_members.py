"""Members of an enterprise: invited accounts and accounts managed by the enterprise (openapi-jointkit §A.7, business-rules §11.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.utils import translation

from tests.factories import NOW, make_buyer
from tests.factories.organisations import head_office, make_admin, make_department, make_enterprise_member, make_managed
from tests.market.engine import react
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.identity.models import User
from tradepost.market.organisations import groups, initial_password, invite, members, queries
from tradepost.market.organisations.events import GroupRemoved
from tradepost.market.organisations.invite import InvitationTerms
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Enterprise, EnterpriseAct, Group, GroupMember, Invitation, Member
from tradepost.market.organisations.profile import Profile, profile_of, stored_profile
from tradepost.market.organisations.reset_wait import ResetLimits

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def check_member_counts() -> Iterator[None]:
    """Check after each test that every enterprise has the right member count."""
    yield
    for enterprise in Enterprise.objects.all():
        assert enterprise.people == Member.objects.filter(enterprise=enterprise, removed_at=None).count()


WEEK = timedelta(days=7)
TERMS = InvitationTerms(most=100, valid=WEEK)
GAPS = ResetLimits(apart=timedelta(minutes=3), hourly=15, daily=60)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def admin() -> Member:
    return make_admin()


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def changed_members() -> list[list[int]]:
    """Return the members that each ``MembersChanged`` names."""
    return [event.facts["members"] for event in Event.objects.filter(name="members_changed").order_by("pk")]


def person(admin: Member, **fields: object) -> Person:
    defaults: dict[str, object] = {"name": "Han", "department": head_office(admin.enterprise).pk}
    return Person(**(defaults | fields))  # type: ignore[arg-type]


# --- managed accounts ---


def test_managed_account_has_no_address_and_its_password_is_not_stored(admin: Member) -> None:
    managed = make_managed(admin, "Han.MeiMei")
    user = managed.member.user
    user.refresh_from_db()
    assert (user.email, managed.member.user_name, managed.member.managed) == ("", "han.meimei", True)
    assert user.check_password(managed.password)
    assert (
        managed.password
        not in f"{user.__dict__}{managed!r}{list(Event.objects.values())}{list(EnterpriseAct.objects.values())}"
    )
    assert changed_members() == [[managed.member.pk]]
    second = make_managed(admin, "second")
    assert second.member.user.pk != user.pk, "NULL equals nothing, so many accounts can have no address"


def test_empty_address_cannot_sign_in(admin: Member) -> None:
    managed = make_managed(admin)
    assert authenticate(None, email="", password=managed.password) is None
    assert authenticate(None, username="", password=managed.password) is None
    assert not User.objects.by_email("").exists()
    assert not User.objects.filter(email="").exists()


def test_account_name_is_never_reused(admin: Member) -> None:
    """Unique key of a user at a seller is tenantId + userName (§A.7)."""
    managed = make_managed(admin, "han")
    with refused("enterprise.user_name_taken"):
        make_managed(admin, "HAN")
    members.remove(managed.member, by=admin, now=NOW)
    with refused("enterprise.user_name_used"):
        make_managed(admin, "han")
    assert Member.objects.filter(user_name="han").count() == 1
    assert make_managed(make_admin(), "han").member.user_name == "han", "names are unique per enterprise"


@pytest.mark.parametrize("name", ["", "-a", "a b", "张三", "a@b", "a" * 65])
def test_invalid_account_name_is_refused(admin: Member, name: str) -> None:
    with refused("enterprise.user_name"):
        members.add_managed(admin.enterprise, name, person(admin), by=admin, most=9, now=NOW)
    assert Member.objects.count() == 1


def test_number_of_members_is_limited(admin: Member) -> None:
    with refused("enterprise.too_many_members"):
        members.add_managed(admin.enterprise, "han", person(admin), by=admin, most=1, now=NOW)
    assert User.objects.count() == 1


def test_passwords_are_reset_for_managed_accounts_only_and_not_too_often(admin: Member) -> None:
    """joint.md §9: otherwise administrators could take over the market accounts of people whom they invited."""
    own = make_enterprise_member(admin, make_buyer(balance="0"))
    before = own.user.password
    with refused("enterprise.not_managed"):
        initial_password.reset(own, by=admin, gaps=GAPS, now=NOW)
    own.user.refresh_from_db()
    assert own.user.password == before
    managed = make_managed(admin)
    first = initial_password.reset(managed.member, by=admin, gaps=GAPS, now=NOW)
    with refused("enterprise.reset_wait") as error:
        initial_password.reset(managed.member, by=admin, gaps=GAPS, now=NOW + timedelta(minutes=2))
    assert error.value.wait == (GAPS.apart - timedelta(minutes=2)).total_seconds()
    managed.member.user.refresh_from_db()
    assert managed.member.user.check_password(first.password)
    assert not managed.member.user.check_password(managed.password)
    initial_password.reset(managed.member, by=admin, gaps=GAPS, now=NOW + timedelta(minutes=3))
    initial_password.reset(make_managed(admin).member, by=admin, gaps=GAPS, now=NOW)  # other accounts need not wait
    assert Event.objects.filter(name="member_password_reset").count() == 3


# --- changes ---


def test_change_increments_the_version_and_is_published_once(admin: Member) -> None:
    member = make_managed(admin, "han").member
    department = make_department(admin)
    profile = Profile(position="Ops", employee_type=1, mobile="138 0000 0000")
    changed = members.change(member, person(admin, department=department.pk, profile=profile), by=admin, now=NOW)
    assert (changed.department, changed.version, stored_profile(changed.profile)) == (department, 2, profile)
    members.change(member, person(admin, department=department.pk, profile=profile), by=admin, now=NOW)
    member.refresh_from_db()
    assert member.version == 2
    assert changed_members()[1:] == [[member.pk]]


def test_enterprise_always_has_an_administrator(admin: Member) -> None:
    for action in (
        lambda: members.change(admin, person(admin, role="user"), by=admin, now=NOW),
        lambda: members.leave(admin, now=NOW),
    ):
        with refused("enterprise.last_admin"):
            action()
    for action in (lambda: members.disable(admin, by=admin, now=NOW), lambda: members.remove(admin, by=admin, now=NOW)):
        with refused("enterprise.yourself"):
            action()
    other = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    members.disable(other, by=admin, now=NOW)
    with refused("enterprise.last_admin"):
        members.leave(admin, now=NOW)
    members.enable(other, by=admin, now=NOW)
    members.leave(admin, now=NOW)
    admin.refresh_from_db()
    assert admin.removed_at == NOW


def test_removed_member_loses_groups_and_data_and_is_restored_without_rights(admin: Member) -> None:
    member = make_managed(admin, "han", role="admin", profile=Profile(mobile="13800000000")).member
    group = groups.add(admin.enterprise, "Testers", by=admin, most=9, now=NOW)
    groups.add_members(group, [member.pk], by=admin, now=NOW)
    members.remove(member, by=admin, now=NOW)
    member.refresh_from_db()
    user = User.objects.get(pk=member.user_id)
    assert (member.removed_at, member.profile, user.is_active, user.has_usable_password()) == (NOW, {}, False, False)
    assert not GroupMember.objects.exists()
    with refused("enterprise.no_member"):
        members.disable(member, by=admin, now=NOW)
    members.restore_member(member, department=head_office(admin.enterprise).pk, by=admin, most=9, now=NOW)
    member.refresh_from_db()
    user.refresh_from_db()
    assert (member.removed_at, member.role, member.enabled, user.is_active, user.has_usable_password()) == (
        None,
        "user",
        True,
        True,
        False,
    )
    assert member.version == 3


def test_managed_account_cannot_leave(admin: Member) -> None:
    member = make_managed(admin).member
    with refused("enterprise.managed"):
        members.leave(member, now=NOW)
    assert Member.objects.get(pk=member.pk).removed_at is None


def test_members_of_another_enterprise_cannot_be_changed(admin: Member) -> None:
    foreign = make_managed(make_admin()).member
    for action in (
        lambda: members.disable(foreign, by=admin, now=NOW),
        lambda: members.remove(foreign, by=admin, now=NOW),
        lambda: initial_password.reset(foreign, by=admin, gaps=GAPS, now=NOW),
    ):
        with refused("enterprise.not_admin"):
            action()
    assert Member.objects.get(pk=foreign.pk).enabled


# --- invitations ---


def send_invitation(
    admin: Member, email: str = "new@a.example", user_name: str = "new", **fields: object
) -> invite.IssuedInvitation:
    return invite.invite(admin.enterprise, email, user_name, person(admin, **fields), by=admin, terms=TERMS, now=NOW)


def test_only_the_invited_address_can_accept_once(admin: Member) -> None:
    issued = send_invitation(admin, "New@A.example", role="admin")
    assert issued.token not in str(list(Invitation.objects.values()))
    with refused("invitation.other_address"):
        invite.accept(issued.token, user=make_buyer(email="other@a.example", balance="0"), most=9, now=NOW)
    user = make_buyer(email="new@a.example", balance="0")
    member = invite.accept(issued.token, user=user, most=9, now=NOW)
    assert (member.user, member.user_name, member.role, member.managed) == (user, "new", "admin", False)
    with refused("invitation.ended"):
        invite.accept(issued.token, user=user, most=9, now=NOW)
    with refused("enterprise.already"):
        send_invitation(admin, user_name="other")
    assert Event.objects.filter(name="enterprise_member_joined").count() == 1


def test_invitation_ends_when_expired_withdrawn_or_replaced(admin: Member) -> None:
    user = make_buyer(email="new@a.example", balance="0")
    first = send_invitation(admin)
    second = send_invitation(admin)
    with refused("invitation.ended"):
        invite.accept(first.token, user=user, most=9, now=NOW)
    with refused("invitation.ended"):
        invite.accept(second.token, user=user, most=9, now=NOW + WEEK)
    invite.revoke(second.invitation, by=admin, now=NOW)
    with refused("invitation.ended"):
        invite.accept(second.token, user=user, most=9, now=NOW)
    with refused("invitation.answered"):
        invite.revoke(second.invitation, by=admin, now=NOW)
    assert Member.objects.count() == 1


def test_account_name_is_reserved_for_the_invited_person(admin: Member) -> None:
    send_invitation(admin, user_name="han")
    with refused("enterprise.user_name_invited"):
        make_managed(admin, "han")
    with refused("enterprise.user_name_invited"):
        send_invitation(admin, "other@a.example", "han")
    with refused("enterprise.email"):
        send_invitation(admin, "no address", "other")
    assert Invitation.objects.count() == 1


def test_returning_member_is_the_same_person(admin: Member) -> None:
    user = make_buyer(email="new@a.example", balance="0")
    member = invite.accept(send_invitation(admin).token, user=user, most=9, now=NOW)
    members.leave(member, now=NOW)
    returned = invite.accept(send_invitation(admin).token, user=user, most=9, now=NOW)
    assert (returned.pk, returned.public_id, returned.user_name, returned.removed_at) == (
        member.pk,
        member.public_id,
        "new",
        None,
    )


# --- groups ---


def test_members_are_added_to_and_removed_from_a_group(admin: Member) -> None:
    han, mei = make_managed(admin, "han").member, make_managed(admin, "mei").member
    group = groups.add(admin.enterprise, "Testers", by=admin, most=1, now=NOW)
    with refused("group.name_taken"):
        groups.add(admin.enterprise, "testers", by=admin, most=9, now=NOW)
    with refused("group.too_many"):
        groups.add(admin.enterprise, "Others", by=admin, most=1, now=NOW)
    assert groups.add_members(group, [han.pk], by=admin, now=NOW) == 1
    assert groups.add_members(group, [han.pk, mei.pk], by=admin, now=NOW) == 1
    assert groups.remove_members(group, [han.pk], by=admin, now=NOW) == 1
    assert groups.remove_members(group, [han.pk], by=admin, now=NOW) == 0
    groups.remove(group, by=admin, now=NOW)
    with refused("group.gone"):
        groups.rename(group, "New", by=admin, now=NOW)
    assert (queries.groups_of(admin.enterprise), queries.groups_of_member(mei)) == ([], [])
    react(now=NOW)
    assert (Group.objects.exists(), GroupMember.objects.exists()) == (False, False)


def test_removed_group_is_emptied_in_batches_and_its_name_is_free(
    admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is its own transaction, so that large groups block nothing; a repeated event has no effect."""
    monkeypatch.setattr(groups, "MAX_BATCH", 2)
    people = [make_managed(admin, f"p{n}").member.pk for n in range(4)]
    group = groups.add(admin.enterprise, "Testers", by=admin, most=1, now=NOW)
    for batch in (people[:2], people[2:]):
        groups.add_members(group, batch, by=admin, now=NOW)
    before = len(changed_members())
    groups.remove(group, by=admin, now=NOW)
    groups.add(admin.enterprise, "testers", by=admin, most=1, now=NOW)
    removed = GroupRemoved(enterprise=admin.enterprise_id, group=group.pk)
    remaining = []
    for _ in range(4):
        groups.empty(removed, NOW)
        remaining.append((GroupMember.objects.count(), Group.objects.filter(pk=group.pk).exists()))
    assert remaining == [(2, True), (0, True), (0, False), (0, False)]
    assert changed_members()[before:] == [people[:1:-1], people[1::-1]]


def test_members_of_another_enterprise_cannot_join_a_group(admin: Member) -> None:
    group = groups.add(admin.enterprise, "Testers", by=admin, most=9, now=NOW)
    own, foreign = make_managed(admin).member, make_managed(make_admin()).member
    with refused("enterprise.no_member"):
        groups.add_members(group, [own.pk, foreign.pk], by=admin, now=NOW)
    assert not GroupMember.objects.exists()


# --- profiles, without a database ---


def test_profile_accepts_the_spellings_of_people_and_spreadsheets() -> None:
    """§A.7: employeeType 1 to 4, entryDate yyyy-MM-d."""
    profile = profile_of(
        {"employee_type": "Intern", "entry_date": "2022-11-9", "email": "a@b.example", "position": " Head  of QA "}
    )
    assert profile == Profile(employee_type=2, entry_date="2022-11-09", email="a@b.example", position="Head of QA")
    assert profile_of({"employee_type": "4", "entry_date": "2022/1/31"}).stored() == {
        "employee_type": 4,
        "entry_date": "2022-01-31",
    }
    assert profile_of({}).stored() == {}


@pytest.mark.parametrize(
    ("field", "text"),
    [("employee_type", "5"), ("entry_date", "2022-02-30"), ("entry_date", "9 Nov"), ("email", "x"), ("mobile", "call me"),
     ("position", "p" * 65), ("employee_code", "e\x07"), ("work_place", "w" * 257)],
)  # fmt: skip
def test_invalid_profile_value_is_refused_for_its_field(field: str, text: str) -> None:
    with pytest.raises(Refused) as error:
        profile_of({field: text})
    assert error.value.field == field
