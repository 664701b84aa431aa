"""Enterprises are founded, renamed and dissolved; departments change (openapi-jointkit §A.5, §A.8). A refused action changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import NOW, make_buyer, make_seller
from tests.factories.organisations import (
    BOUNDS,
    head_office,
    make_admin,
    make_department,
    make_enterprise_member,
    make_managed,
)
from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.organisations import departments, dissolution, enterprise, invite
from tradepost.market.organisations.departments import DepartmentLimits
from tradepost.market.organisations.enterprise import FoundEnterprise
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Department, Enterprise, EnterpriseAct, Member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def admin() -> Member:
    return make_admin()


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def published_events() -> list[tuple[str, dict[str, object]]]:
    return [(event.name, {k: v for k, v in event.facts.items() if k != "v"}) for event in Event.objects.order_by("pk")]


def found_request(**fields: str) -> FoundEnterprise:
    return FoundEnterprise(**({"name": "蓝天", "code": "lantian", "user_name": "li.lei", "person": "李雷"} | fields))


def test_founder_is_the_first_administrator() -> None:
    buyer = make_buyer(balance="0")
    member = enterprise.found_enterprise(buyer, found_request(code=" LanTian "), most=1, now=NOW)
    assert (member.enterprise.code, member.role, member.managed, member.enabled) == ("lantian", "admin", False, True)
    assert member.enterprise.buyer == buyer
    assert member.department.code == enterprise.FIRST_DEPARTMENT
    assert len(member.enterprise.public_id) == len(member.public_id) == 32
    assert [act.act for act in EnterpriseAct.objects.all()] == ["founded"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": "x"}, "enterprise.code"), ({"code": "-a"}, "enterprise.code"), ({"code": "a.b"}, "enterprise.code"),
        ({"code": "蓝天"}, "enterprise.code"), ({"code": "admin"}, "enterprise.code"), ({"code": "a" * 64}, "enterprise.code"),
        ({"name": " "}, "enterprise.name"), ({"name": "a\u202eb"}, "enterprise.name"), ({"name": "n" * 256}, "enterprise.name"),
        ({"user_name": "li lei"}, "enterprise.user_name"), ({"person": ""}, "enterprise.person"),
    ],
)  # fmt: skip
def test_values_that_the_seller_api_does_not_allow_are_refused(fields: dict[str, str], code: str) -> None:
    """§A.5: tenantCode 64, name 255."""
    with refused(code):
        enterprise.found_enterprise(make_buyer(balance="0"), found_request(**fields), most=1, now=NOW)
    assert not Enterprise.objects.exists()
    assert not Member.objects.exists()


def test_code_is_never_reused_and_enterprises_per_account_are_limited() -> None:
    first = enterprise.found_enterprise(make_buyer(balance="0"), found_request(), most=1, now=NOW)
    with refused("enterprise.too_many"):
        enterprise.found_enterprise(first.user, found_request(code="another"), most=1, now=NOW)
    enterprise.end(first.enterprise, now=NOW)
    with refused("enterprise.code_taken"):
        enterprise.found_enterprise(make_buyer(balance="0"), found_request(), most=1, now=NOW)
    second = enterprise.found_enterprise(first.user, found_request(code="another"), most=1, now=NOW)
    assert second.enterprise.code == "another"


def test_test_enterprise_of_a_seller_is_created_once() -> None:
    """§B.1 'Test account'."""
    seller = make_seller()
    test_enterprise = enterprise.found_for_tests(seller, "测试企业", "t-1", now=NOW)
    assert enterprise.found_for_tests(seller, "测试企业", "t-2", now=NOW) == test_enterprise
    assert (test_enterprise.buyer, test_enterprise.test_seller) == (None, seller)
    assert not test_enterprise.members.exists()


def test_dissolution_needs_the_code_and_ends_invitations(admin: Member) -> None:
    person = Person(name="New", department=admin.department_id)
    terms = invite.InvitationTerms(most=9, valid=timedelta(days=7))
    issued = invite.invite(admin.enterprise, "new@people.example", "new", person, by=admin, terms=terms, now=NOW)
    assert invite.find_invitation(issued.token, now=NOW) == issued.invitation
    with refused("enterprise.typed"):
        dissolution.request_dissolution(admin.enterprise, by=admin, typed="another", now=NOW)
    assert Enterprise.objects.get().dissolve_asked_at is None
    dissolution.request_dissolution(
        admin.enterprise, by=admin, typed=admin.enterprise.code.upper(), now=NOW - dissolution.WAITING_PERIOD
    )
    assert Enterprise.objects.get().status == "active"
    jobs.run_due({dissolution.DUE_TIMER: dissolution.run_due}, now=NOW - timedelta(seconds=1))
    assert Enterprise.objects.get().status == "active"
    jobs.run_due({dissolution.DUE_TIMER: dissolution.run_due}, now=NOW)
    assert (Enterprise.objects.get().status, Enterprise.objects.get().dissolved_at) == ("dissolved", NOW)
    assert published_events()[-1] == ("enterprise_dissolved", {"enterprise": admin.enterprise_id})
    with refused("enterprise.dissolved"):
        make_department(admin)
    assert invite.find_invitation(issued.token, now=NOW) is None
    with refused("invitation.ended"):
        invite.accept(issued.token, user=make_buyer(email="new@people.example", balance="0"), most=9, now=NOW)
    with refused("enterprise.dissolved"):
        enterprise.rename(admin.enterprise, "New", by=admin, now=NOW)


def test_only_active_administrators_can_change_the_enterprise(admin: Member) -> None:
    plain = make_enterprise_member(admin, make_buyer(balance="0"))
    removed = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    Member.objects.filter(pk=removed.pk).update(removed_at=NOW)
    disabled = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    Member.objects.filter(pk=disabled.pk).update(enabled=False)
    foreign = make_admin()
    for by in (plain, removed, disabled, foreign):
        with refused("enterprise.not_admin"):
            enterprise.rename(admin.enterprise, "Mine", by=by, now=NOW)
    enterprise.rename(admin.enterprise, " Blue  Sky ", by=admin, now=NOW)
    assert Enterprise.objects.get(pk=admin.enterprise_id).name == "Blue Sky"
    assert published_events() == [("enterprise_changed", {"enterprise": admin.enterprise_id})]


# --- departments ---


def test_each_change_of_a_department_is_published(admin: Member) -> None:
    first, second = make_department(admin, code="D1"), make_department(admin, code="D2")
    below = make_department(admin, code="D3", parent=first)
    departments.change(below, "QA", parent=second.pk, by=admin, bounds=BOUNDS, now=NOW)
    departments.change(below, "QA", parent=second.pk, by=admin, bounds=BOUNDS, now=NOW)
    below.refresh_from_db()
    assert (below.name, below.parent, below.version) == ("QA", second, 2), "repeating the change has no effect"
    assert published_events()[-2:] == [
        ("department_changed", {"enterprise": admin.enterprise_id, "department": below.pk, "version": version})
        for version in (1, 2)
    ]
    acts = list(EnterpriseAct.objects.order_by("pk").values_list("act", flat=True))
    assert acts[-2:] == ["department_renamed", "department_moved"]


def test_department_cannot_be_moved_below_itself(admin: Member) -> None:
    top = make_department(admin)
    child = make_department(admin, parent=top)
    for parent in (top, child):
        with refused("department.circle"):
            departments.change(top, "Other", parent=parent.pk, by=admin, bounds=BOUNDS, now=NOW)
    top.refresh_from_db()
    assert (top.name != "Other", top.version) == (True, 1)


def test_names_are_unique_among_siblings_and_at_the_top(admin: Member) -> None:
    """§A.8: orgName unique among siblings; NULL equals nothing, so the top level is checked separately."""
    department = make_department(admin, name="QA")
    for parent, name in ((department.parent_id, "QA"), (None, head_office(admin.enterprise).name)):
        with refused("department.name_taken"):
            departments.add(admin.enterprise, "X1", name, parent=parent, by=admin, bounds=BOUNDS, now=NOW)
    with refused("department.code_taken"):
        make_department(admin, code=department.code)
    assert make_department(admin, name="QA", parent=department).parent == department
    assert not Department.objects.filter(code="X1").exists()


def test_number_and_depth_of_departments_are_limited(admin: Member) -> None:
    department = make_department(admin)
    with refused("department.too_many"):
        departments.add(
            admin.enterprise, "X", "X", parent=None, by=admin, bounds=DepartmentLimits(most=2, deepest=9), now=NOW
        )
    with refused("department.too_deep"):
        departments.add(
            admin.enterprise,
            "X",
            "X",
            parent=department.pk,
            by=admin,
            bounds=DepartmentLimits(most=9, deepest=2),
            now=NOW,
        )
    assert Department.objects.count() == 2


def test_only_empty_department_can_be_removed_and_is_restored_by_its_code(admin: Member) -> None:
    """§A.8: sellers know a department by its code."""
    department = make_department(admin, code="D1")
    below = make_department(admin, parent=department)
    with refused("department.in_use"):
        departments.remove(department, by=admin, now=NOW)
    departments.remove(below, by=admin, now=NOW)
    make_managed(admin, "han", department=department.pk)
    with refused("department.in_use"):
        departments.remove(department, by=admin, now=NOW)
    Member.objects.filter(user_name="han").update(department=head_office(admin.enterprise))
    departments.remove(department, by=admin, now=NOW)
    department.refresh_from_db()
    assert (department.removed_at, department.version) == (NOW, 2)
    restored = make_department(admin, code="D1", name="Again")
    assert (restored.pk, restored.removed_at, restored.version, restored.name) == (department.pk, None, 3, "Again")


def test_departments_of_another_enterprise_cannot_be_used(admin: Member) -> None:
    foreign = head_office(make_admin().enterprise)
    with refused("enterprise.no_department"):
        make_department(admin, parent=foreign)
    with refused("enterprise.not_admin"):
        departments.change(foreign, "Mine", parent=None, by=admin, bounds=BOUNDS, now=NOW)
    with refused("enterprise.no_department"):
        make_managed(admin, department=foreign.pk)
