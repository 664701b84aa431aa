"""An enterprise always keeps an administrator who can sign in (issue 25, 11)."""

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
from tradepost.market.organisations.administrators import admins_who_can_sign_in
from tradepost.market.organisations.appoint import Appointment
from tradepost.market.organisations.import_judge import Kind, LineDecision, MemberData
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
    """An imported administrator, who has no password."""
    data = MemberData(
        user_name="imported", name="Han", department=head_office(admin.enterprise).pk, role="admin", profile=Profile()
    )
    line = Line(at=2, cells={"user_name": "imported"})
    apply(admin.enterprise, [LineDecision(line=line, kind=Kind.NEW, data=data)], run=1, now=NOW)
    return Member.objects.get(user_name="imported")


def disabled(admin: Member) -> Member:
    member = make_managed(admin, role="admin").member
    members.disable(member, by=admin, now=NOW)
    return member


def locked(admin: Member) -> Member:
    member = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    User.objects.filter(pk=member.user_id).update(is_active=False)
    return member


def restored(admin: Member) -> Member:
    """A restored account of the enterprise, which has no password, with the role of an administrator."""
    member = make_managed(admin, role="admin").member
    members.remove(member, by=admin, now=NOW)
    members.restore_member(member, department=head_office(admin.enterprise).pk, by=admin, most=9, now=NOW)
    Member.objects.filter(pk=member.pk).update(role="admin")
    return member


def unconfirmed(admin: Member) -> Member:
    member = make_enterprise_member(admin, make_buyer(balance="0"), role="admin")
    EmailAddress.objects.filter(user=member.user).update(verified=False)
    return member


@pytest.fixture
def mandatory(settings: Any) -> None:
    """Require verified addresses, as a market that sends mail does."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.mark.usefixtures("mandatory")
@pytest.mark.parametrize("other", [imported, disabled, locked, restored, unconfirmed])
def test_administrators_who_cannot_sign_in_do_not_count(admin: Member, other: Callable[[Member], Member]) -> None:
    """Earlier, the last administrator could leave if there was an imported one without a password."""
    other(admin)
    before = list(Member.objects.order_by("pk").values())
    person = Person(name="Li", department=head_office(admin.enterprise).pk, role="user")
    for action in (lambda: members.leave(admin, now=NOW), lambda: members.change(admin, person, by=admin, now=NOW)):
        with refused("enterprise.last_admin"):
            action()
    assert list(Member.objects.order_by("pk").values()) == before
    assert list(admins_who_can_sign_in(admin.enterprise_id)) == [admin]


def test_directory_cannot_remove_the_last_administrator(admin: Member) -> None:
    """SCIM requests are not made by a member: ``active:false`` and DELETE act with a token."""
    imported(admin)
    from tradepost.market.organisations import directory_tokens

    token = directory_tokens.create(admin.enterprise, "Okta", by=admin, most=3, now=NOW).token
    for verb in (members.disable, members.remove):
        with refused("enterprise.last_admin"):
            verb(admin, by=token, now=NOW)
    admin.refresh_from_db()
    assert (admin.enabled, admin.removed_at) == (True, None)


def test_administrator_with_password_or_market_account_counts(admin: Member) -> None:
    managed = make_managed(admin, role="admin").member
    assert set(admins_who_can_sign_in(admin.enterprise_id)) == {admin, managed}
    members.leave(admin, now=NOW)
    assert list(admins_who_can_sign_in(admin.enterprise_id)) == [managed]


def test_refusal_explains_what_to_do(admin: Member) -> None:
    with pytest.raises(Refused, match="Make another member an administrator, check that they have a password"):
        members.leave(admin, now=NOW)


# --- appointment by an operator ---------------------------------------------------------------------------------------


def lose(admin: Member) -> None:
    User.objects.filter(pk=admin.user_id).update(is_active=False)


def appoint(
    admin: Member, person: str, *, by: User | None = None, user_name: str = "", reason: str = "Letter of the company"
):
    appointment = Appointment(person=person, user_name=user_name, reason=reason)
    return appointing.appoint(admin.enterprise, appointment, by=by or make_operator(), most=9, now=NOW)


def test_appointed_member_without_a_password_gets_one(admin: Member) -> None:
    member = imported(admin)
    lose(admin)
    appointed, new_password = appoint(admin, "imported")
    assert new_password is not None
    assert appointed == member
    appointed.user.refresh_from_db()
    assert appointed.user.check_password(new_password.password)
    assert Member.objects.get(pk=member.pk).password_temporary
    assert list(admins_who_can_sign_in(admin.enterprise_id)) == [member]
    act = EnterpriseAct.objects.filter(act="admin_appointed").get()
    assert (act.note, act.about) == ("Letter of the company", f"member:{member.pk}")
    react(now=NOW)
    notified = Notice.objects.filter(kind="administrator_appointed").values_list("user", flat=True)
    assert set(notified) == {admin.user_id}, "the founder, the only member with an email address"


def test_appointed_market_account_joins_the_enterprise(admin: Member) -> None:
    lose(admin)
    boss = make_buyer(email="boss@acme.example", balance="0")
    with refused("enterprise.user_name"):
        appoint(admin, "boss@acme.example")
    appointed, new_password = appoint(admin, "Boss@Acme.example", user_name="boss")
    assert (appointed.user, appointed.role, new_password) == (boss, "admin", None)
    admin.enterprise.refresh_from_db()
    assert admin.enterprise.people == Member.objects.filter(removed_at=None).count() == 2


def test_appointment_is_refused_with_an_administrator_without_a_reason_or_for_oneself(admin: Member) -> None:
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


def test_list_of_administrators(admin: Member) -> None:
    assert queries.admins_of(admin.enterprise) == [admin]
    assert lock(admin.enterprise).pk == admin.enterprise_id


@pytest.mark.django_db(transaction=True)
def test_concurrent_appointments_succeed_once() -> None:
    admin = make_admin()
    make_managed(admin, "han")
    make_managed(admin, "mei")
    lose(admin)
    first, second = make_operator(email="a@x.example"), make_operator(email="b@x.example")
    outcomes = at_once([lambda: appoint(admin, "han", by=first), lambda: appoint(admin, "mei", by=second)])
    assert sorted(outcomes) == ["done", "enterprise.has_admin"]
    assert admins_who_can_sign_in(admin.enterprise_id).count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_leaving_and_disabling_keep_an_administrator() -> None:
    admin = make_admin()
    other = make_managed(admin, role="admin").member
    imported(admin)
    from tradepost.market.organisations import directory_tokens

    token = directory_tokens.create(admin.enterprise, "Okta", by=admin, most=3, now=NOW).token
    outcomes = at_once([lambda: members.leave(admin, now=NOW), lambda: members.disable(other, by=token, now=NOW)])
    assert sorted(outcomes) == ["done", "enterprise.last_admin"]
    assert admins_who_can_sign_in(admin.enterprise_id).count() == 1
