"""An enterprise is founded, renamed, dissolved; its departments change (openapi-jointkit §A.5, §A.8). A refusal changes nothing."""

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
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.organisations import departments, enterprise, invite
from tradepost.market.organisations.departments import Bounds
from tradepost.market.organisations.enterprise import Found
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


def happened() -> list[tuple[str, dict[str, object]]]:
    return [(one.name, {k: v for k, v in one.facts.items() if k != "v"}) for one in Event.objects.order_by("pk")]


def wanted(**fields: str) -> Found:
    return Found(**({"name": "蓝天", "code": "lantian", "user_name": "li.lei", "person": "李雷"} | fields))


def test_who_founds_one_is_its_first_administrator() -> None:
    buyer = make_buyer(balance="0")
    member = enterprise.found(buyer, wanted(code=" LanTian "), most=1, now=NOW)
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
def test_what_cannot_be_told_to_sellers_is_refused(fields: dict[str, str], code: str) -> None:
    """§A.5: tenantCode 64, name 255."""
    with refused(code):
        enterprise.found(make_buyer(balance="0"), wanted(**fields), most=1, now=NOW)
    assert not Enterprise.objects.exists()
    assert not Member.objects.exists()


def test_a_code_is_one_enterprises_for_ever_and_an_account_founds_a_few() -> None:
    first = enterprise.found(make_buyer(balance="0"), wanted(), most=1, now=NOW)
    with refused("enterprise.too_many"):
        enterprise.found(first.user, wanted(code="another"), most=1, now=NOW)
    enterprise.dissolve(first.enterprise, by=first, typed="lantian", now=NOW)
    with refused("enterprise.code_taken"):
        enterprise.found(make_buyer(balance="0"), wanted(), most=1, now=NOW)
    again = enterprise.found(first.user, wanted(code="another"), most=1, now=NOW)
    assert again.enterprise.code == "another"


def test_a_sellers_test_enterprise_is_made_once() -> None:
    """§B.1 'Test account'."""
    seller = make_seller()
    made = enterprise.found_for_tests(seller, "测试企业", "t-1", now=NOW)
    assert enterprise.found_for_tests(seller, "测试企业", "t-2", now=NOW) == made
    assert (made.buyer, made.test_seller) == (None, seller)
    assert not made.members.exists()


def test_dissolving_needs_the_code_and_ends_everything(admin: Member) -> None:
    person = Person(name="New", department=admin.department_id)
    terms = invite.Terms(most=9, valid=timedelta(days=7))
    invited = invite.invite(admin.enterprise, "new@people.example", "new", person, by=admin, terms=terms, now=NOW)
    assert invite.find_invitation(invited.token, now=NOW) == invited.invitation
    with refused("enterprise.typed"):
        enterprise.dissolve(admin.enterprise, by=admin, typed="another", now=NOW)
    assert Enterprise.objects.get().status == "active"
    enterprise.dissolve(admin.enterprise, by=admin, typed=admin.enterprise.code.upper(), now=NOW)
    assert (Enterprise.objects.get().status, Enterprise.objects.get().dissolved_at) == ("dissolved", NOW)
    assert happened()[-1] == ("enterprise_dissolved", {"enterprise": admin.enterprise_id})
    with refused("enterprise.dissolved"):
        make_department(admin)
    assert invite.find_invitation(invited.token, now=NOW) is None
    with refused("invitation.ended"):
        invite.accept(invited.token, user=make_buyer(email="new@people.example", balance="0"), most=9, now=NOW)
    with refused("enterprise.dissolved"):
        enterprise.rename(admin.enterprise, "New", by=admin, now=NOW)


def test_only_an_administrator_who_still_is_one_changes_anything(admin: Member) -> None:
    plain = make_enterprise_member(admin, make_buyer(balance="0"))
    gone = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    Member.objects.filter(pk=gone.pk).update(removed_at=NOW)
    off = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    Member.objects.filter(pk=off.pk).update(enabled=False)
    foreign = make_admin()
    for by in (plain, gone, off, foreign):
        with refused("enterprise.not_admin"):
            enterprise.rename(admin.enterprise, "Mine", by=by, now=NOW)
    enterprise.rename(admin.enterprise, " Blue  Sky ", by=admin, now=NOW)
    assert Enterprise.objects.get(pk=admin.enterprise_id).name == "Blue Sky"
    assert happened() == [("enterprise_changed", {"enterprise": admin.enterprise_id})]


# --- departments ---


def test_a_department_is_added_renamed_and_moved_and_each_is_told(admin: Member) -> None:
    one, other = make_department(admin, code="D1"), make_department(admin, code="D2")
    below = make_department(admin, code="D3", parent=one)
    departments.change(below, "QA", parent=other.pk, by=admin, bounds=BOUNDS, now=NOW)
    departments.change(below, "QA", parent=other.pk, by=admin, bounds=BOUNDS, now=NOW)
    below.refresh_from_db()
    assert (below.name, below.parent, below.version) == ("QA", other, 2), "the same again changes nothing"
    assert happened()[-2:] == [
        ("department_changed", {"enterprise": admin.enterprise_id, "department": below.pk, "version": version})
        for version in (1, 2)
    ]
    done = list(EnterpriseAct.objects.order_by("pk").values_list("act", flat=True))
    assert done[-2:] == ["department_renamed", "department_moved"]


def test_a_parent_never_stands_below_its_child(admin: Member) -> None:
    top = make_department(admin)
    child = make_department(admin, parent=top)
    for parent in (top, child):
        with refused("department.circle"):
            departments.change(top, "Other", parent=parent.pk, by=admin, bounds=BOUNDS, now=NOW)
    top.refresh_from_db()
    assert (top.name != "Other", top.version) == (True, 1)


def test_names_are_told_apart_among_siblings_at_the_top_too(admin: Member) -> None:
    """§A.8: orgName unique among siblings; NULL equals nothing, so the top is looked at apart."""
    one = make_department(admin, name="QA")
    for parent, name in ((one.parent_id, "QA"), (None, head_office(admin.enterprise).name)):
        with refused("department.name_taken"):
            departments.add(admin.enterprise, "X1", name, parent=parent, by=admin, bounds=BOUNDS, now=NOW)
    with refused("department.code_taken"):
        make_department(admin, code=one.code)
    assert make_department(admin, name="QA", parent=one).parent == one
    assert not Department.objects.filter(code="X1").exists()


def test_departments_are_bounded_in_number_and_depth(admin: Member) -> None:
    one = make_department(admin)
    with refused("department.too_many"):
        departments.add(admin.enterprise, "X", "X", parent=None, by=admin, bounds=Bounds(most=2, deepest=9), now=NOW)
    with refused("department.too_deep"):
        departments.add(admin.enterprise, "X", "X", parent=one.pk, by=admin, bounds=Bounds(most=9, deepest=2), now=NOW)
    assert Department.objects.count() == 2


def test_only_what_is_empty_is_removed_and_comes_back_under_its_code(admin: Member) -> None:
    """§A.8: sellers know a department by its code."""
    one = make_department(admin, code="D1")
    below = make_department(admin, parent=one)
    with refused("department.in_use"):
        departments.remove(one, by=admin, now=NOW)
    departments.remove(below, by=admin, now=NOW)
    make_managed(admin, "han", department=one.pk)
    with refused("department.in_use"):
        departments.remove(one, by=admin, now=NOW)
    Member.objects.filter(user_name="han").update(department=head_office(admin.enterprise))
    departments.remove(one, by=admin, now=NOW)
    one.refresh_from_db()
    assert (one.removed_at, one.version) == (NOW, 2)
    again = make_department(admin, code="D1", name="Again")
    assert (again.pk, again.removed_at, again.version, again.name) == (one.pk, None, 3, "Again")


def test_departments_of_others_are_no_place(admin: Member) -> None:
    foreign = head_office(make_admin().enterprise)
    with refused("enterprise.no_department"):
        make_department(admin, parent=foreign)
    with refused("enterprise.not_admin"):
        departments.change(foreign, "Mine", parent=None, by=admin, bounds=BOUNDS, now=NOW)
    with refused("enterprise.no_department"):
        make_managed(admin, department=foreign.pk)
