"""Issue 28: operators are invited by mail, change roles, are locked and unlocked; the last owner cannot leave (opening.md §2)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from tests.factories import make_buyer, make_operator
from tests.factories.approvals import make_approver
from tests.factories.people import NOW, PASSWORD
from tests.market.engine import react
from tradepost.market.approvals.models import Request
from tradepost.market.audit.models import Entry
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import Lifecycle
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import account_locks, operator_invitations, operators
from tradepost.market.identity.models import AccountLock, OperatorInvitation, SecondFactor, User
from tradepost.market.notifications.models import NoticeDelivery

pytestmark = pytest.mark.django_db
STRONG_PASSWORD = "a wholly fresh password 7"


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def mailed_link(kind: str) -> str:
    delivery = NoticeDelivery.objects.filter(kind=kind).latest("pk")
    return unseal(delivery.sealed_link)


def test_invited_person_opens_an_account_with_the_given_role() -> None:
    owner = signed_in(make_operator())
    answer = owner.post("/console/operators/invite/", {"email": "Fin@market.example", "role": "finance"}, follow=True)
    assert "An invitation was sent to Fin@market.example." in answer.content.decode()
    link = mailed_link("operator_invitation")
    guest = Client(headers={"accept-language": "en"})
    page = guest.get(link).content.decode()
    assert "You are invited to this store as Finance" in page
    weak = guest.post(link, {"name": "Fin", "password": "123"})
    assert weak.status_code == 422
    assert not User.objects.filter(email__iexact="fin@market.example").exists()
    joined = guest.post(link, {"name": "Fin", "password": STRONG_PASSWORD}, follow=True)
    assert "Your account is ready." in joined.content.decode()
    user = User.objects.get(email__iexact="fin@market.example")
    assert (user.operator_role, EmailAddress.objects.get(user=user).verified) == ("finance", True)
    assert user.language == "en", "the language of the submitted form"
    assert guest.get(link).status_code == 404, "a link works once"
    console = signed_in(user)
    assert console.get("/console/transfers/").status_code == 200
    assert console.get("/console/audit/").status_code == 403
    assert Entry.objects.filter(act="operator_join", actor_id=user.pk).exists()


def test_account_accepts_only_an_invitation_for_its_own_address() -> None:
    owner, known, other = make_operator(), make_buyer(email="known@b.example"), make_buyer()
    issued = operator_invitations.invite(
        "KNOWN@b.example", "support", by=owner, valid=timedelta(days=1), now=clock.now()
    )
    link = f"/console/join/{issued.token}/"
    assert "Sign in with the account of" in Client(headers={"accept-language": "en"}).get(link).content.decode()
    assert Client().post(link).headers["Location"].startswith("/account/login/")
    other_session = signed_in(other)
    assert "It is for the account of" in other_session.get(link).content.decode()
    assert other_session.post(link).status_code == 403
    assert User.objects.get(pk=other.pk).operator_role == ""
    assert signed_in(known).post(link).headers["Location"] == "/console/"
    assert User.objects.get(pk=known.pk).operator_role == "support"


def test_invitation_ends_when_withdrawn_replaced_or_expired() -> None:
    owner = make_operator()
    first = operator_invitations.invite("a@b.example", "support", by=owner, valid=timedelta(days=1), now=NOW)
    second = operator_invitations.invite("A@b.example", "auditor", by=owner, valid=timedelta(days=1), now=NOW)
    assert operator_invitations.find(first.token, now=NOW) is None
    assert operator_invitations.find(second.token, now=NOW + timedelta(days=1)) is None
    with pytest.raises(Refused):
        operator_invitations.open_account(
            second.token, name="A", password=STRONG_PASSWORD, language="en", now=NOW + timedelta(days=1)
        )
    client = signed_in(owner)
    client.post(f"/console/operators/invitations/{second.invitation.pk}/revoke/")
    assert operator_invitations.find(second.token, now=NOW) is None
    assert not User.objects.by_email("a@b.example").exists()
    assert OperatorInvitation.objects.filter(status="pending").count() == 0


@pytest.mark.parametrize("email", ["", "no address", "a@b@c.example"])
def test_invalid_address_is_refused(email: str) -> None:
    with pytest.raises(Refused) as refused:
        operator_invitations.invite(email, "owner", by=make_operator(), valid=timedelta(days=1), now=NOW)
    assert (refused.value.field, OperatorInvitation.objects.count()) == ("email", 0)


def test_concurrent_invitations_of_an_address_create_one(monkeypatch: pytest.MonkeyPatch) -> None:
    owner, week = make_operator(), timedelta(days=7)
    operator_invitations.invite("rui@market.example", "auditor", by=owner, valid=week, now=NOW)
    monkeypatch.setattr(
        Lifecycle, "move_all", lambda *args, **kwargs: None
    )  # the concurrent invitation is not visible yet
    with pytest.raises(Refused, match=r"operator\.invited") as refused:
        operator_invitations.invite("Rui@market.example", "finance", by=owner, valid=week, now=NOW)
    assert refused.value.field == "email"
    assert OperatorInvitation.objects.get().role == "auditor"


def test_last_owner_cannot_leave_or_be_locked() -> None:
    owner, finance = make_operator(), make_operator("finance")
    for action in (
        lambda: operators.give_role(owner, "", by="x", now=NOW),
        lambda: operators.give_role(owner, "finance", by="x", now=NOW),
        lambda: account_locks.lock(owner, reason="lost", by="x", now=NOW, wall=NOW),
    ):
        with pytest.raises(Refused) as refused:
            action()
        assert refused.value.code == "operator.last_owner"
        assert User.objects.get(pk=owner.pk).operator_role == "owner"
    second = make_operator()
    account_locks.lock(second, reason="lost", by="x", now=NOW, wall=NOW)
    with pytest.raises(Refused):
        operators.give_role(owner, "", by="x", now=NOW)
    account_locks.unlock(second, reason="found", by="x", now=NOW)
    assert operators.give_role(owner, "", by="x", now=NOW)
    assert operators.give_role(finance, "finance", by="x", now=NOW) is False, "nothing changed"


def test_changed_role_applies_at_the_next_request_and_is_mailed() -> None:
    owner, other = signed_in(make_operator()), make_operator("finance")
    other_session = signed_in(other)
    assert other_session.get("/console/transfers/").status_code == 200
    owner.post(f"/console/accounts/{other.pk}/role/", {"role": "reviewer"})
    assert other_session.get("/console/transfers/").status_code == 403
    react(now=clock.now())
    assert NoticeDelivery.objects.filter(notice__user=other, notice__kind="operator_role").exists()
    owner.post(f"/console/accounts/{other.pk}/role/", {"role": "none"})
    assert other_session.get("/console/").status_code == 404


def test_operator_cannot_change_their_own_role() -> None:
    make_operator()
    owner = make_operator()
    answer = signed_in(owner).post(f"/console/accounts/{owner.pk}/role/", {"role": "auditor"})
    assert answer.status_code == 403
    assert User.objects.get(pk=owner.pk).operator_role == "owner"


def test_locked_account_is_signed_out_notified_and_can_sign_in_after_unlocking() -> None:
    support, buyer = signed_in(make_operator("support")), make_buyer(email="buyer@lock.example")
    session = signed_in(buyer)
    assert session.get("/orders/").status_code == 200
    assert support.post(f"/console/accounts/{buyer.pk}/lock/", {"reason": ""}).status_code == 422
    assert session.get("/orders/").status_code == 200
    page = support.post(f"/console/accounts/{buyer.pk}/lock/", {"reason": "stolen card"}, follow=True).content.decode()
    assert "stolen card" in page
    assert session.get("/orders/").status_code == 302, "signed out"
    sign_in = {"login": buyer.email, "password": PASSWORD}
    assert "_auth_user_id" not in Client().post("/account/login/", sign_in).client.session
    react(now=clock.now())
    [mail] = NoticeDelivery.objects.filter(kind="account_locked")
    assert (mail.address, mail.facts["reason"]) == (buyer.email, "stolen card")
    assert support.post(f"/console/accounts/{buyer.pk}/lock/", {"reason": "again"}).status_code == 422
    support.post(f"/console/accounts/{buyer.pk}/unlock/", {"reason": "was a mistake"})
    assert "_auth_user_id" in Client().post("/account/login/", sign_in).client.session
    assert AccountLock.objects.get().lifted_reason == "was a mistake"


def test_roles_and_invitations_need_a_second_owner_when_one_exists() -> None:
    """opening.md §2: "role changes need a second operator, as soon as one exists who could approve"."""
    requester, other, buyer = make_operator(), make_approver(), make_buyer()
    finance = make_operator("finance")
    SecondFactor.objects.create(user=finance, sealed="", last_step=0, created_at=NOW)
    owner = signed_in(requester)
    page = owner.post(f"/console/accounts/{buyer.pk}/role/", {"role": "finance"}, follow=True).content.decode()
    assert "A second operator must approve this." in page
    owner.post("/console/operators/invite/", {"email": "new@market.example", "role": "owner"})
    role, invitation = Request.objects.order_by("pk")
    assert (User.objects.get(pk=buyer.pk).operator_role, OperatorInvitation.objects.count()) == ("", 0)
    assert NoticeDelivery.objects.filter(kind="operator_invitation").count() == 0
    for request in (role, invitation):
        refusal = signed_in(finance).post(f"/console/approvals/{request.pk}/approve/", follow=True).content.decode()
        assert "These roles can: Owner." in refusal
        assert owner.post(f"/console/approvals/{request.pk}/approve/").status_code in {302, 403}
        assert Request.objects.get(pk=request.pk).status == "waiting"
        signed_in(other).post(f"/console/approvals/{request.pk}/approve/")
        assert Request.objects.get(pk=request.pk).status == "approved"
    assert User.objects.get(pk=buyer.pk).operator_role == "finance"
    assert operator_invitations.find(mailed_link("operator_invitation").split("/")[3], now=clock.now()) is not None
