"""People of an enterprise, invited or with an account of its making (openapi-jointkit §A.7, business-rules §11.2)."""

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
from tradepost.market.organisations.invite import Terms
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Enterprise, EnterpriseAct, Group, GroupMember, Invitation, Member
from tradepost.market.organisations.profile import Profile, profile_of, stored_profile
from tradepost.market.organisations.reset_wait import Gaps

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    """Whatever a test does, each enterprise knows how many members it has."""
    yield
    for one in Enterprise.objects.all():
        assert one.people == Member.objects.filter(enterprise=one, removed_at=None).count()


WEEK = timedelta(days=7)
TERMS = Terms(most=100, valid=WEEK)
GAPS = Gaps(apart=timedelta(minutes=3), hourly=15, daily=60)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def admin() -> Member:
    return make_admin()


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def told() -> list[list[int]]:
    """Whom each ``MembersChanged`` names."""
    return [one.facts["members"] for one in Event.objects.filter(name="members_changed").order_by("pk")]


def person(admin: Member, **fields: object) -> Person:
    given: dict[str, object] = {"name": "Han", "department": head_office(admin.enterprise).pk}
    return Person(**(given | fields))  # type: ignore[arg-type]


# --- accounts of the enterprise's making ---


def test_a_managed_account_has_no_address_and_a_password_that_is_shown_once(admin: Member) -> None:
    made = make_managed(admin, "Han.MeiMei")
    user = made.member.user
    user.refresh_from_db()
    assert (user.email, made.member.user_name, made.member.managed) == ("", "han.meimei", True)
    assert user.check_password(made.password)
    assert (
        made.password
        not in f"{user.__dict__}{made!r}{list(Event.objects.values())}{list(EnterpriseAct.objects.values())}"
    )
    assert told() == [[made.member.pk]]
    second = make_managed(admin, "second")
    assert second.member.user.pk != user.pk, "NULL equals nothing: as many as there are"


def test_nobody_logs_in_to_the_market_by_having_no_address(admin: Member) -> None:
    made = make_managed(admin)
    assert authenticate(None, email="", password=made.password) is None
    assert authenticate(None, username="", password=made.password) is None
    assert not User.objects.by_email("").exists()
    assert not User.objects.filter(email="").exists()


def test_an_account_name_is_one_persons_for_ever(admin: Member) -> None:
    """Unique key of a user at a seller is tenantId + userName (§A.7)."""
    made = make_managed(admin, "han")
    with refused("enterprise.user_name_taken"):
        make_managed(admin, "HAN")
    members.remove(made.member, by=admin, now=NOW)
    with refused("enterprise.user_name_used"):
        make_managed(admin, "han")
    assert Member.objects.filter(user_name="han").count() == 1
    assert make_managed(make_admin(), "han").member.user_name == "han", "another enterprise's are its own"


@pytest.mark.parametrize("name", ["", "-a", "a b", "张三", "a@b", "a" * 65])
def test_account_names_are_plain(admin: Member, name: str) -> None:
    with refused("enterprise.user_name"):
        members.add_managed(admin.enterprise, name, person(admin), by=admin, most=9, now=NOW)
    assert Member.objects.count() == 1


def test_members_are_bounded(admin: Member) -> None:
    with refused("enterprise.too_many_members"):
        members.add_managed(admin.enterprise, "han", person(admin), by=admin, most=1, now=NOW)
    assert User.objects.count() == 1


def test_passwords_are_made_for_managed_accounts_only_and_not_too_often(admin: Member) -> None:
    """joint.md §9: else admins would own the market accounts of people whom they invited."""
    own = make_enterprise_member(admin, make_buyer(balance="0"))
    before = own.user.password
    with refused("enterprise.not_managed"):
        initial_password.reset(own, by=admin, gaps=GAPS, now=NOW)
    own.user.refresh_from_db()
    assert own.user.password == before
    made = make_managed(admin)
    first = initial_password.reset(made.member, by=admin, gaps=GAPS, now=NOW)
    with refused("enterprise.reset_wait"):
        initial_password.reset(made.member, by=admin, gaps=GAPS, now=NOW + timedelta(minutes=2))
    made.member.user.refresh_from_db()
    assert made.member.user.check_password(first.password)
    assert not made.member.user.check_password(made.password)
    initial_password.reset(made.member, by=admin, gaps=GAPS, now=NOW + timedelta(minutes=3))
    initial_password.reset(make_managed(admin).member, by=admin, gaps=GAPS, now=NOW)  # another account waits for nobody
    assert Event.objects.filter(name="member_password_reset").count() == 3


# --- changes ---


def test_a_change_counts_a_version_and_is_told_and_the_same_again_is_not(admin: Member) -> None:
    one = make_managed(admin, "han").member
    there = make_department(admin)
    profile = Profile(position="Ops", employee_type=1, mobile="138 0000 0000")
    changed = members.change(one, person(admin, department=there.pk, profile=profile), by=admin, now=NOW)
    assert (changed.department, changed.version, stored_profile(changed.profile)) == (there, 2, profile)
    members.change(one, person(admin, department=there.pk, profile=profile), by=admin, now=NOW)
    one.refresh_from_db()
    assert one.version == 2
    assert told()[1:] == [[one.pk]]


def test_somebody_is_always_administrator(admin: Member) -> None:
    for act in (
        lambda: members.change(admin, person(admin, role="user"), by=admin, now=NOW),
        lambda: members.leave(admin, now=NOW),
    ):
        with refused("enterprise.last_admin"):
            act()
    for act in (lambda: members.disable(admin, by=admin, now=NOW), lambda: members.remove(admin, by=admin, now=NOW)):
        with refused("enterprise.yourself"):
            act()
    other = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    members.disable(other, by=admin, now=NOW)
    with refused("enterprise.last_admin"):
        members.leave(admin, now=NOW)
    members.enable(other, by=admin, now=NOW)
    members.leave(admin, now=NOW)
    admin.refresh_from_db()
    assert admin.removed_at == NOW


def test_who_is_removed_is_out_of_all_groups_and_forgotten_and_comes_back_without_rights(admin: Member) -> None:
    one = make_managed(admin, "han", role="admin", profile=Profile(mobile="13800000000")).member
    group = groups.add(admin.enterprise, "Testers", by=admin, most=9, now=NOW)
    groups.put_in(group, [one.pk], by=admin, now=NOW)
    members.remove(one, by=admin, now=NOW)
    one.refresh_from_db()
    user = User.objects.get(pk=one.user_id)
    assert (one.removed_at, one.profile, user.is_active, user.has_usable_password()) == (NOW, {}, False, False)
    assert not GroupMember.objects.exists()
    with refused("enterprise.no_member"):
        members.disable(one, by=admin, now=NOW)
    members.restore(one, department=head_office(admin.enterprise).pk, by=admin, most=9, now=NOW)
    one.refresh_from_db()
    user.refresh_from_db()
    assert (one.removed_at, one.role, one.enabled, user.is_active, user.has_usable_password()) == (
        None,
        "user",
        True,
        True,
        False,
    )
    assert one.version == 3


def test_an_account_of_the_enterprise_cannot_leave(admin: Member) -> None:
    one = make_managed(admin).member
    with refused("enterprise.managed"):
        members.leave(one, now=NOW)
    assert Member.objects.get(pk=one.pk).removed_at is None


def test_members_of_another_enterprise_are_nobody(admin: Member) -> None:
    foreign = make_managed(make_admin()).member
    for act in (
        lambda: members.disable(foreign, by=admin, now=NOW),
        lambda: members.remove(foreign, by=admin, now=NOW),
        lambda: initial_password.reset(foreign, by=admin, gaps=GAPS, now=NOW),
    ):
        with refused("enterprise.not_admin"):
            act()
    assert Member.objects.get(pk=foreign.pk).enabled


# --- invitations ---


def ask(admin: Member, email: str = "new@a.example", user_name: str = "new", **fields: object) -> invite.Invited:
    return invite.invite(admin.enterprise, email, user_name, person(admin, **fields), by=admin, terms=TERMS, now=NOW)


def test_an_invitation_is_accepted_by_its_address_alone_and_once(admin: Member) -> None:
    made = ask(admin, "New@A.example", role="admin")
    assert made.token not in str(list(Invitation.objects.values()))
    with refused("invitation.other_address"):
        invite.accept(made.token, user=make_buyer(email="other@a.example", balance="0"), most=9, now=NOW)
    user = make_buyer(email="new@a.example", balance="0")
    member = invite.accept(made.token, user=user, most=9, now=NOW)
    assert (member.user, member.user_name, member.role, member.managed) == (user, "new", "admin", False)
    with refused("invitation.ended"):
        invite.accept(made.token, user=user, most=9, now=NOW)
    with refused("enterprise.already"):
        ask(admin, user_name="other")
    assert Event.objects.filter(name="enterprise_member_joined").count() == 1


def test_an_invitation_ends_when_it_is_old_withdrawn_or_another_one_is_sent(admin: Member) -> None:
    user = make_buyer(email="new@a.example", balance="0")
    first = ask(admin)
    second = ask(admin)
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


def test_an_account_name_is_kept_for_who_is_invited(admin: Member) -> None:
    ask(admin, user_name="han")
    with refused("enterprise.user_name_invited"):
        make_managed(admin, "han")
    with refused("enterprise.user_name_invited"):
        ask(admin, "other@a.example", "han")
    with refused("enterprise.email"):
        ask(admin, "no address", "other")
    assert Invitation.objects.count() == 1


def test_who_comes_back_is_the_same_person(admin: Member) -> None:
    user = make_buyer(email="new@a.example", balance="0")
    one = invite.accept(ask(admin).token, user=user, most=9, now=NOW)
    members.leave(one, now=NOW)
    again = invite.accept(ask(admin).token, user=user, most=9, now=NOW)
    assert (again.pk, again.public_id, again.user_name, again.removed_at) == (one.pk, one.public_id, "new", None)


# --- groups ---


def test_people_are_put_into_a_group_and_taken_out_and_those_who_changed_are_told(admin: Member) -> None:
    han, mei = make_managed(admin, "han").member, make_managed(admin, "mei").member
    group = groups.add(admin.enterprise, "Testers", by=admin, most=1, now=NOW)
    with refused("group.name_taken"):
        groups.add(admin.enterprise, "testers", by=admin, most=9, now=NOW)
    with refused("group.too_many"):
        groups.add(admin.enterprise, "Others", by=admin, most=1, now=NOW)
    assert groups.put_in(group, [han.pk], by=admin, now=NOW) == 1
    assert groups.put_in(group, [han.pk, mei.pk], by=admin, now=NOW) == 1
    assert groups.take_out(group, [han.pk], by=admin, now=NOW) == 1
    assert groups.take_out(group, [han.pk], by=admin, now=NOW) == 0
    groups.remove(group, by=admin, now=NOW)
    with refused("group.gone"):
        groups.rename(group, "New", by=admin, now=NOW)
    assert (queries.groups_of(admin.enterprise), queries.groups_with(mei)) == ([], [])
    react(now=NOW)
    assert (Group.objects.exists(), GroupMember.objects.exists()) == (False, False)


def test_a_removed_group_is_left_batch_by_batch_and_its_name_is_free_at_once(
    admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is a transaction, so that a hundred thousand make nobody wait; what comes twice does nothing."""
    monkeypatch.setattr(groups, "MOST_AT_ONCE", 2)
    people = [make_managed(admin, f"p{n}").member.pk for n in range(4)]
    group = groups.add(admin.enterprise, "Testers", by=admin, most=1, now=NOW)
    for some in (people[:2], people[2:]):
        groups.put_in(group, some, by=admin, now=NOW)
    before = len(told())
    groups.remove(group, by=admin, now=NOW)
    groups.add(admin.enterprise, "testers", by=admin, most=1, now=NOW)
    removed = GroupRemoved(enterprise=admin.enterprise_id, group=group.pk)
    left = []
    for _ in range(4):
        groups.empty(removed, NOW)
        left.append((GroupMember.objects.count(), Group.objects.filter(pk=group.pk).exists()))
    assert left == [(2, True), (0, True), (0, False), (0, False)]
    assert told()[before:] == [people[:1:-1], people[1::-1]]


def test_nobody_of_another_enterprise_comes_into_a_group(admin: Member) -> None:
    group = groups.add(admin.enterprise, "Testers", by=admin, most=9, now=NOW)
    own, foreign = make_managed(admin).member, make_managed(make_admin()).member
    with refused("enterprise.no_member"):
        groups.put_in(group, [own.pk, foreign.pk], by=admin, now=NOW)
    assert not GroupMember.objects.exists()


# --- what is known of a person: pure ---


def test_a_profile_is_read_as_people_and_spreadsheets_write_it() -> None:
    """§A.7: employeeType 1 to 4, entryDate yyyy-MM-d."""
    read = profile_of(
        {"employee_type": "Intern", "entry_date": "2022-11-9", "email": "a@b.example", "position": " Head  of QA "}
    )
    assert read == Profile(employee_type=2, entry_date="2022-11-09", email="a@b.example", position="Head of QA")
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
def test_what_is_none_is_refused_beside_its_field(field: str, text: str) -> None:
    with pytest.raises(Refused) as found:
        profile_of({field: text})
    assert found.value.field == field
