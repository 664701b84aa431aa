"""Departments authorised by a rule: the right follows their members (business-rules §9 'Joint SaaS', openapi-jointkit
§A.7)."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests import sampling
from tests.factories import NOW
from tests.factories.joint import make_binding, make_joint_service, make_member_group, make_people, sync_rules
from tests.factories.organisations import BOUNDS, head_office, make_admin, make_department, make_managed
from tests.market.applications.sellers_view import SellersView
from tests.market.applications.told import names, tell_all
from tests.market.engine import react
from tests.market.scim.directory import ENTERPRISE, make_directory
from tradepost.market.applications import authorise, bind, buyer_queries
from tradepost.market.applications.authorise_departments import authorise_department, withdraw_department
from tradepost.market.applications.models import Authorisation, BoundDepartment, TenantBinding
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import departments, groups, members, move_members
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Department, Enterprise, EnterpriseAct, Member

pytestmark = pytest.mark.django_db

RULES = sync_rules()


def bound(admin: Member, view: SellersView | None = None) -> TenantBinding:
    """Bind an application to the administrator's enterprise."""
    service = make_joint_service()
    Enterprise.objects.filter(pk=admin.enterprise_id).update(buyer=service.buyer)
    admin.enterprise.refresh_from_db()
    binding = make_binding(service, admin.enterprise)
    tell_all(binding, view)
    return TenantBinding.objects.select_related("enterprise", "application").get(pk=binding.pk)


def authorised_names(binding: TenantBinding) -> set[str]:
    react(now=max(NOW, clock.now()))
    authorised = Authorisation.objects.filter(binding=binding, wanted=True)
    return set(authorised.values_list("member__user_name", flat=True))


def add_department_rule(
    binding: TenantBinding, department: Department, *, below: bool, by: Member | None = None
) -> None:
    authorise_department(binding, department, below=below, rules=RULES, now=NOW, by=by)


def test_department_rule_with_and_without_subdepartments() -> None:
    """People who join get the right, people who move or leave lose it, and the seller gets each difference."""
    admin, view = make_admin(), SellersView()
    binding = bound(admin, view)
    lab = make_department(admin, code="LAB")
    sub = make_department(admin, code="SUB", parent=lab)
    inside, below = (
        make_managed(admin, "inside", department=lab.pk).member, make_managed(admin, "below", department=sub.pk).member
    )  # fmt: skip
    tell_all(binding, view)
    add_department_rule(binding, lab, below=False, by=admin)
    assert authorised_names(binding) == {"inside"}
    add_department_rule(binding, lab, below=True, by=admin)
    assert authorised_names(binding) == {"inside", "below"}
    assert names(tell_all(binding, view)) == ["SyncAuth·1·1", "SyncAuth·1·1"]
    joins = make_managed(admin, "joins", department=sub.pk).member
    assert authorised_names(binding) == {"inside", "below", "joins"}
    members.change(below, Person(name="Below", department=head_office(admin.enterprise).pk), by=admin, now=NOW)
    assert authorised_names(binding) == {"inside", "joins"}
    tell_all(binding, view)
    assert set(view.people) == {"inside", "joins"}
    members.remove(joins, by=admin, now=NOW)
    assert authorised_names(binding) == {"inside"}
    assert withdraw_department(binding, lab.pk, rules=RULES, now=NOW, by=admin) == 1
    assert authorised_names(binding) == set()
    tell_all(binding, view)
    assert view.people == {}
    acts = EnterpriseAct.objects.filter(about=f"application:{binding.pk}").order_by("pk")
    assert [(act.act, act.note) for act in acts] == [
        ("department_authorised", lab.name), ("subtree_authorised", lab.name), ("department_withdrawn", lab.name),
    ]  # fmt: skip
    assert inside.name


def test_other_rights_remain_after_the_rule() -> None:
    admin = make_admin()
    binding = bound(admin)
    lab = make_department(admin)
    by_hand, by_group, by_rule = (
        make_managed(admin, name, department=lab.pk).member for name in ("hand", "group", "rule")
    )
    group = make_member_group(admin.enterprise, [by_group])
    authorise.authorise_group(binding, group, rules=RULES, now=NOW)
    add_department_rule(binding, lab, below=False)
    authorise.authorise(binding, [by_hand.pk], admin=True, rules=RULES, now=NOW)
    assert authorised_names(binding) == {"hand", "group", "rule"}
    assert withdraw_department(binding, lab.pk, rules=RULES, now=NOW) == 1
    assert authorised_names(binding) == {"hand", "group"}
    add_department_rule(binding, lab, below=False)
    authorise.withdraw(binding, [by_hand.pk, by_rule.pk], rules=RULES, now=NOW)
    authorise.withdraw_group(binding, group, rules=RULES, now=NOW)
    assert authorised_names(binding) == {"hand", "group", "rule"}, "the rule still authorises them"


def test_moved_department_takes_its_people_along() -> None:
    admin = make_admin()
    binding = bound(admin)
    lab, other_department = make_department(admin, code="LAB"), make_department(admin, code="OTHER")
    sub = make_department(admin, code="SUB", parent=lab)
    make_managed(admin, "below", department=sub.pk)
    add_department_rule(binding, lab, below=True)
    assert authorised_names(binding) == {"below"}
    departments.change(sub, sub.name, parent=other_department.pk, by=admin, bounds=BOUNDS, now=NOW)
    assert authorised_names(binding) == set()
    departments.change(sub, sub.name, parent=lab.pk, by=admin, bounds=BOUNDS, now=NOW)
    assert authorised_names(binding) == {"below"}


def test_rule_ends_with_its_department() -> None:
    """A new department with the same code has no rule."""
    admin = make_admin()
    binding = bound(admin)
    lab = make_department(admin, code="LAB")
    add_department_rule(binding, lab, below=True)
    departments.remove(lab, by=admin, now=NOW)
    assert authorised_names(binding) == set()
    assert not BoundDepartment.objects.exists()
    new_department = make_department(admin, code="LAB", name="Lab")
    make_managed(admin, "inside", department=new_department.pk)
    assert authorised_names(binding) == set()


def test_refusals_change_nothing() -> None:
    admin, stranger = make_admin(), make_admin()
    binding = bound(admin)
    lab, foreign = make_department(admin), make_department(stranger)
    ordinary_member = make_managed(admin, "plain").member
    with pytest.raises(Refused, match="This department does not exist"):
        add_department_rule(binding, foreign, below=True, by=admin)
    with pytest.raises(Refused, match="Only an administrator"):
        add_department_rule(binding, lab, below=True, by=ordinary_member)
    departments.remove(lab, by=admin, now=NOW)
    with pytest.raises(Refused, match="This department does not exist"):
        add_department_rule(binding, lab, below=False, by=admin)
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    with pytest.raises(Refused, match="Members can be authorised only while the enterprise is bound to the service"):
        add_department_rule(binding, head_office(admin.enterprise), below=True, by=admin)
    assert not BoundDepartment.objects.exists()
    assert not Authorisation.objects.exists()


def test_unbinding_removes_the_rules() -> None:
    admin = make_admin()
    binding = bound(admin)
    add_department_rule(binding, head_office(admin.enterprise), below=True)
    assert authorised_names(binding) == {admin.user_name}
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    react(now=NOW)
    assert not BoundDepartment.objects.exists()
    assert buyer_queries.count_authorised(TenantBinding.objects.get(pk=binding.pk)) == 0


def test_scim_changes_move_the_right() -> None:
    directory = make_directory()
    admin = directory.admin
    binding = bound(admin)
    lab = make_department(admin, code="LAB")
    add_department_rule(binding, lab, below=True)
    created = directory.add("zhang01", displayName="张", **{ENTERPRISE: {"department": "LAB"}})
    assert authorised_names(binding) == {"zhang01"}
    hq = head_office(admin.enterprise).code
    directory.patch(f"Users/{created['id']}", {"op": "replace", "path": f"{ENTERPRISE}:department", "value": hq})
    assert authorised_names(binding) == set()
    directory.patch(f"Users/{created['id']}", {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "LAB"})
    assert authorised_names(binding) == {"zhang01"}
    directory.ask("DELETE", f"Users/{created['id']}")
    assert authorised_names(binding) == set()


@pytest.mark.slow
def test_ten_thousand_people_by_one_rule() -> None:
    """500 a call (§A.7: "at most 500 users")."""
    people_count = 10_000 if sampling.SOAK else 2_000
    admin = make_admin()
    binding = bound(admin)
    lab, other_department = make_department(admin), make_department(admin)
    make_people(admin.enterprise, people_count, department=lab)
    tell_all(binding)
    add_department_rule(binding, lab, below=False)
    assert Authorisation.objects.filter(binding=binding, wanted=True).count() == people_count
    commands = tell_all(binding)
    assert names(commands) == ["SyncAuth·1·500"] * (people_count // 500)
    assert move_members.move_everyone(lab, to=other_department.pk, by=admin, now=NOW) == people_count
    assert authorised_names(binding) == set()
    assert names(tell_all(binding)) == ["SyncAuth·3·500"] * (people_count // 500)


# --- after each step the right follows the rules ------------------------------------------------------------------------

PERSON_NUMBERS, DEPARTMENT_NUMBERS = st.integers(0, 3), st.integers(0, 3)


class Rules(RuleBasedStateMachine):
    """Four people and four departments of an enterprise. The expected rights are computed after each step."""

    @initialize()
    def begin(self) -> None:
        self.mark = transaction.savepoint_create()
        self.admin, self.view = make_admin(), SellersView()
        self.binding = bound(self.admin, self.view)
        self.places = [head_office(self.admin.enterprise), *(make_department(self.admin) for _ in range(3))]
        self.people = [make_managed(self.admin).member for _ in range(4)]
        self.group = make_member_group(self.admin.enterprise, [])
        self.by_hand, self.inside, self.given, self.given_rules = set[int](), set[int](), False, dict[int, bool]()

    def teardown(self) -> None:
        if hasattr(self, "mark"):
            tell_all(self.binding, self.view)
            assert set(self.view.people) == authorised_names(self.binding), "the seller knows exactly this"
            transaction.savepoint_rollback(self.mark)

    @rule(where=DEPARTMENT_NUMBERS, below=st.booleans(), authorised=st.booleans())
    def a_department_is_authorised_or_not(self, where: int, below: bool, authorised: bool) -> None:
        department = self.places[where]
        if authorised:
            add_department_rule(self.binding, department, below=below, by=self.admin)
            self.given_rules[department.pk] = below
        else:
            withdraw_department(self.binding, department.pk, rules=RULES, now=NOW, by=self.admin)
            self.given_rules.pop(department.pk, None)

    @rule(who=PERSON_NUMBERS, authorised=st.booleans())
    def a_person_is_authorised_or_not(self, who: int, authorised: bool) -> None:
        member = self.people[who]
        if Member.objects.get(pk=member.pk).removed_at is not None:
            return
        if authorised:
            authorise.authorise(self.binding, [member.pk], admin=False, rules=RULES, now=NOW, by=self.admin)
            self.by_hand.add(member.pk)
        else:
            authorise.withdraw(self.binding, [member.pk], rules=RULES, now=NOW, by=self.admin)
            self.by_hand.discard(member.pk)

    @rule(authorised=st.booleans())
    def the_group_is_authorised_or_not(self, authorised: bool) -> None:
        act = authorise.authorise_group if authorised else authorise.withdraw_group
        act(self.binding, self.group, rules=RULES, now=NOW)
        self.given = authorised

    @rule(who=PERSON_NUMBERS, inside=st.booleans())
    def somebody_joins_or_leaves_the_group(self, who: int, inside: bool) -> None:
        member = self.people[who]
        if Member.objects.get(pk=member.pk).removed_at is not None:
            return
        (groups.add_members if inside else groups.remove_members)(self.group, [member.pk], by=self.admin, now=NOW)
        (self.inside.add if inside else self.inside.discard)(member.pk)

    @rule(who=PERSON_NUMBERS, where=DEPARTMENT_NUMBERS)
    def somebody_moves(self, who: int, where: int) -> None:
        if Member.objects.get(pk=self.people[who].pk).removed_at is None:
            move_members.move(
                self.admin.enterprise, [self.people[who].pk], to=self.places[where].pk, by=self.admin, now=NOW
            )

    @rule(where=DEPARTMENT_NUMBERS, to=DEPARTMENT_NUMBERS)
    def a_department_is_emptied(self, where: int, to: int) -> None:
        move_members.move_everyone(self.places[where], to=self.places[to].pk, by=self.admin, now=NOW)

    @rule(where=st.integers(1, 3), to=DEPARTMENT_NUMBERS)
    def a_department_moves(self, where: int, to: int) -> None:
        department, above = Department.objects.get(pk=self.places[where].pk), self.places[to]
        if not departments.tree_of(self.admin.enterprise).makes_circle(department.pk, above.pk):
            departments.change(department, department.name, parent=above.pk, by=self.admin, bounds=BOUNDS, now=NOW)

    @rule(who=PERSON_NUMBERS)
    def somebody_is_removed_or_returns(self, who: int) -> None:
        member = Member.objects.get(pk=self.people[who].pk)
        if member.removed_at is None:
            members.remove(member, by=self.admin, now=NOW)
            self.inside.discard(member.pk)
        else:
            members.restore_member(member, department=self.places[0].pk, by=self.admin, most=99, now=NOW)

    @rule()
    def the_seller_is_told(self) -> None:
        tell_all(self.binding, self.view)

    @invariant()
    def the_right_is_what_the_rules_say(self) -> None:
        if not hasattr(self, "binding"):
            return
        living = list(Member.objects.filter(enterprise=self.admin.enterprise, removed_at=None))
        parents = dict(Department.objects.filter(enterprise=self.admin.enterprise).values_list("pk", "parent"))
        expected = {
            member.user_name
            for member in living
            if member.pk in self.by_hand
            or (self.given and member.pk in self.inside)
            or self._by_rule(member.department_id, parents)
        }
        assert authorised_names(self.binding) == expected

    def _by_rule(self, place: int | None, parents: dict[int, int | None]) -> bool:
        if place in self.given_rules:
            return True
        while place is not None:
            if self.given_rules.get(place):
                return True
            place = parents[place]
        return False


@pytest.mark.slow
@pytest.mark.timeout(3600 if sampling.SOAK else 900)
def test_rights_follow_rules_and_choices_at_each_step() -> None:
    run_state_machine_as_test(
        Rules,
        settings=settings(
            max_examples=100 if sampling.SOAK else 6,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],  # each step makes a few transactions
        ),
    )
