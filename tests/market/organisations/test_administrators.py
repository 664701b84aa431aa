"""An enterprise keeps an administrator who can sign in (issue 25, 11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import translation

from tests.factories import NOW, make_buyer, make_operator
from tests.factories.organisations import head_office, make_admin, make_enterprise_member, make_managed
from tests.market.at_once import at_once
from tests.market.engine import react
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.organisations import appoint as appointing
from tradepost.market.organisations import members, queries
from tradepost.market.organisations.administrators import able_admins
from tradepost.market.organisations.appoint import Appointment
from tradepost.market.organisations.import_judge import Judged, Kind, Wanted
from tradepost.market.organisations.import_rows import apply
from tradepost.market.organisations.import_table import Line
from tradepost.market.organisations.locking import lock
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import EnterpriseAct, Member
from tradepost.market.organisations.profile import Profile

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


def imported(admin: Member) -> Member:
    """An administrator of a table, who has no password."""
    wanted = Wanted(
        user_name="imported", name="Han", department=head_office(admin.enterprise).pk, role="admin", profile=Profile()
    )
    line = Line(at=2, said={"user_name": "imported"})
    apply(admin.enterprise, [Judged(line=line, kind=Kind.NEW, wanted=wanted)], run=1, now=NOW)
    return Member.objects.get(user_name="imported")


def disabled(admin: Member) -> Member:
    one = make_managed(admin, role="admin").member
    members.disable(one, by=admin, now=NOW)
    return one


def locked(admin: Member) -> Member:
    one = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    User.objects.filter(pk=one.user_id).update(is_active=False)
    return one


def restored(admin: Member) -> Member:
    """An account of the enterprise that came back has no password, whatever its rights."""
    one = make_managed(admin, role="admin").member
    members.remove(one, by=admin, now=NOW)
    members.restore(one, department=head_office(admin.enterprise).pk, by=admin, most=9, now=NOW)
    Member.objects.filter(pk=one.pk).update(role="admin")
    return one


def unconfirmed(admin: Member) -> Member:
    one = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    EmailAddress.objects.filter(user=one.user).update(verified=False)
    return one


@pytest.fixture
def mandatory(settings: Any) -> None:
    """As in a market that sends mail."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.mark.usefixtures("mandatory")
@pytest.mark.parametrize("other", [imported, disabled, locked, restored, unconfirmed])
def test_who_cannot_sign_in_does_not_count(admin: Member, other: Callable[[Member], Member]) -> None:
    """Before, an imported administrator without a password let the last one leave."""
    other(admin)
    before = list(Member.objects.order_by("pk").values())
    person = Person(name="Li", department=head_office(admin.enterprise).pk, role="user")
    for act in (lambda: members.leave(admin, now=NOW), lambda: members.change(admin, person, by=admin, now=NOW)):
        with refused("enterprise.last_admin"):
            act()
    assert list(Member.objects.order_by("pk").values()) == before
    assert list(able_admins(admin.enterprise_id)) == [admin]


def test_a_directory_and_another_administrator_are_refused_too(admin: Member) -> None:
    """By SCIM nobody acts who is a member: ``active:false`` and DELETE come here with a token."""
    imported(admin)
    from tradepost.market.organisations import directory_tokens

    token = directory_tokens.make(admin.enterprise, "Okta", by=admin, most=3, now=NOW).token
    for verb in (members.disable, members.remove):
        with refused("enterprise.last_admin"):
            verb(admin, by=token, now=NOW)
    admin.refresh_from_db()
    assert (admin.enabled, admin.removed_at) == (True, None)


def test_a_password_or_a_market_account_counts(admin: Member) -> None:
    managed = make_managed(admin, role="admin").member
    assert set(able_admins(admin.enterprise_id)) == {admin, managed}
    members.leave(admin, now=NOW)
    assert list(able_admins(admin.enterprise_id)) == [managed]


def test_the_refusal_says_what_to_do(admin: Member) -> None:
    with pytest.raises(Refused, match="Make another member an administrator, check that they have a password"):
        members.leave(admin, now=NOW)


# --- an operator appoints one -------------------------------------------------------------------------------------------


def lose(admin: Member) -> None:
    User.objects.filter(pk=admin.user_id).update(is_active=False)


def appoint(
    admin: Member, person: str, *, by: User | None = None, user_name: str = "", reason: str = "Letter of the company"
):
    asked = Appointment(person=person, user_name=user_name, reason=reason)
    return appointing.appoint(admin.enterprise, asked, by=by or make_operator(), most=9, now=NOW)


def test_an_operator_appoints_a_member_who_gets_a_password_where_there_was_none(admin: Member) -> None:
    one = imported(admin)
    lose(admin)
    appointed, made = appoint(admin, "imported")
    assert made is not None
    assert appointed == one
    appointed.user.refresh_from_db()
    assert appointed.user.check_password(made.password)
    assert Member.objects.get(pk=one.pk).password_temporary
    assert list(able_admins(admin.enterprise_id)) == [one]
    act = EnterpriseAct.objects.filter(act="admin_appointed").get()
    assert (act.note, act.about) == ("Letter of the company", f"member:{one.pk}")
    react(now=NOW)
    told = Notice.objects.filter(kind="administrator_appointed").values_list("user", flat=True)
    assert set(told) == {admin.user_id}, "the founder, the only one with an address"


def test_an_operator_appoints_a_market_account_that_joins(admin: Member) -> None:
    lose(admin)
    boss = make_buyer(email="boss@acme.example", balance="0")
    with refused("enterprise.user_name"):
        appoint(admin, "boss@acme.example")
    appointed, made = appoint(admin, "Boss@Acme.example", user_name="boss")
    assert (appointed.user, appointed.role, made) == (boss, "admin", None)
    admin.enterprise.refresh_from_db()
    assert admin.enterprise.people == Member.objects.filter(removed_at=None).count() == 2


def test_no_appointment_while_somebody_can_sign_in_or_without_reason_or_for_oneself(admin: Member) -> None:
    make_managed(admin, "han")
    before = list(Member.objects.order_by("pk").values())
    with refused("enterprise.has_admin"):
        appoint(admin, "han")
    lose(admin)
    with refused("enterprise.reason"):
        appoint(admin, "han", reason="  ")
    operator = make_operator()
    with refused("enterprise.own"):
        appoint(admin, operator.email, by=operator, user_name="me")
    with refused("enterprise.own"):
        appoint(admin, make_operator(email="other@x.example").email, by=operator, user_name="colleague")
    own = make_enterprise_member(admin, operator)
    with refused("enterprise.own"):
        appoint(admin, "han", by=operator)
    own.delete()
    locked_out = make_buyer(email="locked@acme.example", balance="0")
    User.objects.filter(pk=locked_out.pk).update(is_active=False)
    with refused("enterprise.person"):
        appoint(admin, "locked@acme.example", user_name="locked")
    assert list(Member.objects.order_by("pk").values()) == before


def test_admins_of_a_list_are_all_of_them(admin: Member) -> None:
    assert queries.admins_of(admin.enterprise) == [admin]
    assert lock(admin.enterprise).pk == admin.enterprise_id


@pytest.mark.django_db(transaction=True)
def test_two_operators_appoint_once() -> None:
    admin = make_admin()
    make_managed(admin, "han")
    make_managed(admin, "mei")
    lose(admin)
    one, other = make_operator(email="a@x.example"), make_operator(email="b@x.example")
    outcomes = at_once([lambda: appoint(admin, "han", by=one), lambda: appoint(admin, "mei", by=other)])
    assert sorted(outcomes) == ["done", "enterprise.has_admin"]
    assert able_admins(admin.enterprise_id).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_roads_at_once_leave_one_who_can_sign_in() -> None:
    admin = make_admin()
    other = make_managed(admin, role="admin").member
    imported(admin)
    from tradepost.market.organisations import directory_tokens

    token = directory_tokens.make(admin.enterprise, "Okta", by=admin, most=3, now=NOW).token
    outcomes = at_once([lambda: members.leave(admin, now=NOW), lambda: members.disable(other, by=token, now=NOW)])
    assert sorted(outcomes) == ["done", "enterprise.last_admin"]
    assert able_admins(admin.enterprise_id).count() == 1
