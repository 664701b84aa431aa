"""Concurrent administrators: uniqueness, the tree, and at least one administrator are preserved (joint.md §2, §6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.factories import NOW, make_buyer
from tests.factories.organisations import BOUNDS, head_office, make_admin, make_department, make_enterprise_member
from tests.market.at_once import at_once
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import departments, enterprise, invite, members
from tradepost.market.organisations.enterprise import FoundEnterprise
from tradepost.market.organisations.invite import InvitationTerms
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Department, Enterprise, Invitation, Member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin() -> Member:
    return make_admin()


def test_concurrently_added_names_are_unique_and_counted(admin: Member) -> None:
    person = Person(name="Han", department=head_office(admin.enterprise).pk)

    def addition(name: str) -> Callable[[], object]:
        return lambda: members.add_managed(admin.enterprise, name, person, by=admin, most=99, now=NOW)

    assert sorted(at_once([addition("han"), addition("HAN"), addition("mei")])) == [
        "done",
        "done",
        "enterprise.user_name_taken",
    ]
    assert Member.objects.count() == Enterprise.objects.get().people == 3


def test_last_place_is_assigned_once(admin: Member) -> None:
    person = Person(name="Han", department=head_office(admin.enterprise).pk)

    def addition(name: str) -> Callable[[], object]:
        return lambda: members.add_managed(admin.enterprise, name, person, by=admin, most=2, now=NOW)

    assert sorted(at_once([addition("han"), addition("mei")])) == ["done", "enterprise.too_many_members"]


def test_concurrent_moves_create_no_cycle(admin: Member) -> None:
    first, second = make_department(admin), make_department(admin)

    def move_below(department: Department, parent: Department) -> Callable[[], object]:
        return lambda: departments.change(
            department, department.name, parent=parent.pk, by=admin, bounds=BOUNDS, now=NOW
        )

    assert sorted(at_once([move_below(first, second), move_below(second, first)])) == ["department.circle", "done"]


def test_two_administrators_cannot_both_leave(admin: Member) -> None:
    other = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    leaving = [lambda member=member: members.leave(member, now=NOW) for member in (admin, other)]
    assert sorted(at_once(leaving)) == ["done", "enterprise.last_admin"]
    assert Member.objects.filter(role="admin", removed_at=None).count() == 1


def test_code_is_assigned_to_one_enterprise() -> None:
    def found() -> None:
        request = FoundEnterprise(name="蓝天", code="same", user_name="li.lei", person="李雷")
        enterprise.found_enterprise(make_buyer(balance="0"), request, most=9, now=NOW)

    assert sorted(at_once([found, found])) == ["done", "enterprise.code_taken"]
    assert (Enterprise.objects.count(), Member.objects.count()) == (1, 1)


def test_concurrent_acceptance_and_withdrawal_have_one_outcome(admin: Member) -> None:
    person = Person(name="New", department=head_office(admin.enterprise).pk)
    terms = InvitationTerms(most=9, valid=timedelta(days=7))
    issued = invite.invite(admin.enterprise, "new@a.example", "new", person, by=admin, terms=terms, now=NOW)
    user = make_buyer(email="new@a.example", balance="0")

    def accept() -> None:
        try:
            invite.accept(issued.token, user=user, most=9, now=NOW)
        except Refused as error:
            raise Refused("too late", error.message) from None

    def withdraw() -> None:
        try:
            invite.revoke(issued.invitation, by=admin, now=NOW)
        except Refused as error:
            raise Refused("too late", error.message) from None

    assert sorted(at_once([accept, withdraw])) == ["done", "too late"]
    joined = Member.objects.filter(user_name="new").exists()
    assert (Invitation.objects.get().status, joined) in {("accepted", True), ("revoked", False)}
