"""Replaying the calls that a seller acknowledged gives the current enterprise, departments and people.

This holds after any changes and any failures in between (joint.md §6).
"""

from __future__ import annotations

import contextlib

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.factories import NOW
from tests.factories.joint import (
    make_application,
    make_binding,
    make_department,
    make_joint_service,
    make_kit_address,
    make_member_group,
    make_people,
    sync_rules,
)
from tests.market.applications.sellers_view import SellersView
from tests.market.applications.told import tell_all, tell_next, waiting
from tests.market.engine import LOST, REFUSED_CONNECTION, react
from tests.sampling import SOAK
from tradepost.market.applications import authorise, bind, resend, run
from tradepost.market.applications.authorise_departments import authorise_department, withdraw_department
from tradepost.market.applications.models import Authorisation, Sync, TenantBinding
from tradepost.market.applications.people import synced_user
from tradepost.market.applications.release import change_released
from tradepost.market.base import outbox
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.events import DepartmentChanged, EnterpriseChanged, MembersChanged
from tradepost.market.organisations.models import Department, Enterprise, Member
from tradepost.protocols.commands import Rejected

pytestmark = pytest.mark.django_db

RESULTS = st.sampled_from(
    [None, None, None, None, LOST, REFUSED_CONNECTION, Rejected(code="000005", message="", retryable=True)]
)
PERSON, DEPARTMENT = st.integers(0, 4), st.sampled_from("ABCD")


class AnyHistory(RuleBasedStateMachine):
    """An enterprise of five people and up to four departments beside HQ. Batches of two make many calls."""

    @initialize(protocol=st.sampled_from(["joint_kit_v2", "joint_kit_v1"]))
    def begin(self, protocol: str) -> None:
        self.mark = transaction.savepoint_create()
        self.sync = sync_rules()
        application = make_application(asked_fields=["mobile", "position"])
        application.address = make_kit_address(application.seller, spoken=protocol)
        application.save(update_fields=["address"])
        self.binding, self.view = make_binding(make_joint_service(application=application)), SellersView()
        self.enterprise = Enterprise.objects.get(pk=self.binding.enterprise_id)
        self.people = make_people(self.enterprise, 5)
        self.group = make_member_group(self.enterprise, self.people[:2])

    def teardown(self) -> None:
        if hasattr(self, "binding"):
            self.finish()
            transaction.savepoint_rollback(self.mark)

    def status(self) -> str:
        return TenantBinding.objects.get(pk=self.binding.pk).status

    # --- acts of people ---

    @rule(people_numbers=st.sets(PERSON, min_size=1), admin=st.booleans())
    def authorise(self, people_numbers: set[int], admin: bool) -> None:
        self._may_refuse(
            lambda: authorise.authorise(
                self.binding, [self.people[one].pk for one in people_numbers], admin=admin, rules=self.sync, now=NOW
            )
        )

    @rule(people_numbers=st.sets(PERSON, min_size=1))
    def withdraw(self, people_numbers: set[int]) -> None:
        keys = [self.people[one].pk for one in people_numbers]
        self._may_refuse(lambda: authorise.withdraw(self.binding, keys, rules=self.sync, now=NOW))

    @rule(bound=st.booleans())
    def bind_the_group(self, bound: bool) -> None:
        act = authorise.authorise_group if bound else authorise.withdraw_group
        self._may_refuse(lambda: act(self.binding, self.group, rules=self.sync, now=NOW))

    @rule(authorised=st.booleans(), below=st.booleans())
    def authorise_the_head_office(self, authorised: bool, below: bool) -> None:
        head_office = Department.objects.get(enterprise=self.enterprise, code="HQ")

        def act() -> None:
            if authorised:
                authorise_department(self.binding, head_office, below=below, rules=self.sync, now=NOW)
            else:
                withdraw_department(self.binding, head_office.pk, rules=self.sync, now=NOW)

        self._may_refuse(act)

    @rule(fields=st.sets(st.sampled_from(["mobile", "position"])))
    def release_other_fields(self, fields: set[str]) -> None:
        self._may_refuse(lambda: change_released(self.binding, fields, rules=self.sync, now=NOW))

    @rule(number=PERSON, inside=st.booleans())
    def change_the_group(self, number: int, inside: bool) -> None:
        member = self.people[number]
        self.group.memberships.filter(member=member).delete()
        if inside and Member.objects.filter(pk=member.pk, removed_at=None).exists():
            self.group.memberships.create(member=member)
        self._members_changed(number)

    @rule(number=PERSON, enabled=st.booleans(), name=st.sampled_from(["甲", "乙"]))
    def change_a_member(self, number: int, enabled: bool, name: str) -> None:
        Member.objects.filter(pk=self.people[number].pk, removed_at=None).update(enabled=enabled, name=name)
        self._members_changed(number)

    @rule(number=PERSON, removed=st.booleans())
    def a_member_leaves_or_returns(self, number: int, removed: bool) -> None:
        Member.objects.filter(pk=self.people[number].pk).update(removed_at=NOW if removed else None)
        self.group.memberships.filter(member=self.people[number]).delete()
        self._members_changed(number)

    def _members_changed(self, number: int) -> None:
        outbox.publish(MembersChanged(enterprise=self.enterprise.pk, members=(self.people[number].pk,)), now=NOW)

    @rule(code=DEPARTMENT, below=st.one_of(st.none(), DEPARTMENT))
    def a_department_is_made_moved_or_removed(self, code: str, below: str | None) -> None:
        departments_by_code = {
            department.code: department for department in Department.objects.filter(enterprise=self.enterprise)
        }
        if code not in departments_by_code:
            changed = make_department(self.enterprise, code)
        else:
            changed = departments_by_code[code]
            above = departments_by_code.get(below or "")
            while above is not None and above.code != code:
                above = above.parent
            if above is None:
                changed.parent = departments_by_code.get(below or "")
            living = Department.objects.filter(parent=changed, removed_at=None).exists()
            changed.removed_at = NOW if below == code and not living else None
            if changed.removed_at is None and changed.parent is not None and changed.parent.removed_at is not None:
                changed.parent = None
            changed.save()
        outbox.publish(DepartmentChanged(enterprise=self.enterprise.pk, department=changed.pk, version=1), now=NOW)

    @rule(name=st.sampled_from(["蓝田", "蓝田集团"]))
    def rename_the_enterprise(self, name: str) -> None:
        Enterprise.objects.filter(pk=self.enterprise.pk).update(name=name)
        outbox.publish(EnterpriseChanged(enterprise=self.enterprise.pk), now=NOW)

    @rule()
    def unbind(self) -> None:
        if self.status() == "bound" and Sync.objects.count() > 6:
            bind.unbind(self.binding, actor="admin", rules=self.sync, now=NOW)

    @rule()
    def restart(self) -> None:
        self._may_refuse(lambda: run.restart(self.binding.pk, actor="admin", rules=self.sync, now=NOW))

    @rule()
    def retries_come_due(self) -> None:
        for sync in Sync.objects.filter(status="waiting").order_by("pk"):
            assert sync.next_at is not None
            run.retry_due({"binding": sync.binding_id}, sync.next_at, rules=self.sync)

    @rule(lost=st.booleans())
    def everything_is_sent_again(self, lost: bool) -> None:
        """Send everything again. ``lost``: the seller lost its data of the enterprise; otherwise it kept it."""

        def act() -> None:
            resend.resend(self.binding.pk, actor="seller", rules=self.sync, now=NOW)
            if lost:
                self.view = SellersView()

        self._may_refuse(act)

    @staticmethod
    def _may_refuse(act: object) -> None:
        with contextlib.suppress(Refused):
            act()  # type: ignore[operator]

    # --- acts of seller and worker ---

    @rule()
    def react(self) -> None:
        react(now=NOW)

    @precondition(lambda self: hasattr(self, "binding") and waiting(self.binding) is not None)
    @rule(result=RESULTS)
    def the_call_ends(self, result: object) -> None:
        tell_next(self.binding, self.view, result=result, now=NOW)  # type: ignore[arg-type]

    @invariant()
    def one_call_at_a_time(self) -> None:
        if hasattr(self, "binding"):
            assert Sync.objects.filter(binding=self.binding, status="running").count() <= 1

    # --- at the end ---

    def finish(self) -> None:
        """The seller answers from now on, and the administrator retries failed calls."""
        tell_all(self.binding, self.view)
        for _ in range(5):
            if not Sync.objects.filter(binding=self.binding, status__in=run.OPEN).exists():
                break
            run.restart(self.binding.pk, actor="admin", rules=self.sync, now=NOW)
            tell_all(self.binding, self.view)
        status = self.status()
        assert status in {"bound", "unbound"}
        if status == "unbound":
            assert self.view == SellersView()
            return
        self.enterprise.refresh_from_db()
        assert self.view.tenant is not None
        assert self.view.tenant.name == self.enterprise.name
        assert self.view.client is not None
        living = Department.objects.filter(enterprise=self.enterprise, removed_at=None)
        assert {
            (department.code, department.name, department.parent_code) for department in self.view.departments.values()
        } == {(one.code, one.name, one.parent.code if one.parent else "") for one in living.select_related("parent")}
        authorised = Authorisation.objects.select_related("member__department").filter(
            binding=self.binding, wanted=True
        )
        released = TenantBinding.objects.get(pk=self.binding.pk).released_fields
        assert self.view.people == {one.member.user_name: synced_user(one, released) for one in authorised}
        assert all(one.member.removed_at is None for one in authorised)


@pytest.mark.slow
@pytest.mark.timeout(3600 if SOAK else 900)
def test_acknowledged_calls_reproduce_the_current_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEPOST_SYNC_BATCH", "2")
    config.cache_clear()
    try:
        run_state_machine_as_test(
            AnyHistory,
            settings=settings(
                max_examples=200 if SOAK else 12,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow],  # each step makes a few transactions
            ),
        )
    finally:
        monkeypatch.undo()
        config.cache_clear()
