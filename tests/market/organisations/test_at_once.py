"""Two administrators at one moment: uniqueness, the tree, and somebody who can manage the enterprise hold (joint.md §2, §6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.factories import NOW, make_buyer
from tests.factories.organisations import BOUNDS, head_office, make_admin, make_department, make_enterprise_member
from tests.market.at_once import at_once
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import departments, enterprise, invite, members
from tradepost.market.organisations.enterprise import Found
from tradepost.market.organisations.invite import Terms
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Department, Enterprise, Invitation, Member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin() -> Member:
    return make_admin()


def test_an_account_name_is_taken_once_and_everybody_is_counted(admin: Member) -> None:
    person = Person(name="Han", department=head_office(admin.enterprise).pk)

    def adds(name: str) -> Callable[[], object]:
        return lambda: members.add_managed(admin.enterprise, name, person, by=admin, most=99, now=NOW)

    assert sorted(at_once([adds("han"), adds("HAN"), adds("mei")])) == ["done", "done", "enterprise.user_name_taken"]
    assert Member.objects.count() == Enterprise.objects.get().people == 3


def test_the_last_place_is_given_once(admin: Member) -> None:
    person = Person(name="Han", department=head_office(admin.enterprise).pk)

    def adds(name: str) -> Callable[[], object]:
        return lambda: members.add_managed(admin.enterprise, name, person, by=admin, most=2, now=NOW)

    assert sorted(at_once([adds("han"), adds("mei")])) == ["done", "enterprise.too_many_members"]


def test_two_moves_make_no_circle(admin: Member) -> None:
    one, other = make_department(admin), make_department(admin)

    def below(which: Department, parent: Department) -> Callable[[], object]:
        return lambda: departments.change(which, which.name, parent=parent.pk, by=admin, bounds=BOUNDS, now=NOW)

    assert sorted(at_once([below(one, other), below(other, one)])) == ["department.circle", "done"]


def test_of_two_administrators_who_leave_one_stays(admin: Member) -> None:
    other = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    leaving = [lambda who=who: members.leave(who, now=NOW) for who in (admin, other)]
    assert sorted(at_once(leaving)) == ["done", "enterprise.last_admin"]
    assert Member.objects.filter(role="admin", removed_at=None).count() == 1


def test_a_code_is_one_enterprises() -> None:
    def founds() -> None:
        wanted = Found(name="蓝天", code="same", user_name="li.lei", person="李雷")
        enterprise.found(make_buyer(balance="0"), wanted, most=9, now=NOW)

    assert sorted(at_once([founds, founds])) == ["done", "enterprise.code_taken"]
    assert (Enterprise.objects.count(), Member.objects.count()) == (1, 1)


def test_an_invitation_is_accepted_or_withdrawn(admin: Member) -> None:
    person = Person(name="New", department=head_office(admin.enterprise).pk)
    terms = Terms(most=9, valid=timedelta(days=7))
    made = invite.invite(admin.enterprise, "new@a.example", "new", person, by=admin, terms=terms, now=NOW)
    user = make_buyer(email="new@a.example", balance="0")

    def accepts() -> None:
        try:
            invite.accept(made.token, user=user, most=9, now=NOW)
        except Refused as refused:
            raise Refused("too late", refused.message) from None

    def withdraws() -> None:
        try:
            invite.revoke(made.invitation, by=admin, now=NOW)
        except Refused as refused:
            raise Refused("too late", refused.message) from None

    assert sorted(at_once([accepts, withdraws])) == ["done", "too late"]
    joined = Member.objects.filter(user_name="new").exists()
    assert (Invitation.objects.get().status, joined) in {("accepted", True), ("revoked", False)}
