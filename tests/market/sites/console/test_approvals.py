"""Pages of second approvals, corrections and withdrawals (decision 0107): forwarded, refused, withdrawn and approved."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_buyer, make_operator
from tests.factories.approvals import make_approver, make_top_up, make_withdrawal
from tests.factories.transfers import CNY, announce, show
from tradepost.market.approvals.models import Limit, Request
from tradepost.market.audit.models import Entry as Acted
from tradepost.market.base.money import Money
from tradepost.market.identity.models import OperatorInvitation, User
from tradepost.market.payments import ledger, queries
from tradepost.market.payments.correction_models import Correction
from tradepost.market.payments.models import Transfer
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.sites.console.approvals import PAGES
from tradepost.market.web.approved_acts import APPROVED_ACTS

pytestmark = pytest.mark.django_db
TOP_UP = {"amount": "60000", "reference": "B-1", "note": "", "confirmed": "1"}


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def text(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode().replace("\xa0", " "))


def test_large_top_up_waits_until_a_second_operator_approves_it() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    answer = signed_in(asker).post(f"/console/accounts/{buyer.pk}/top-up/", TOP_UP, follow=True)
    request = Request.objects.get()
    assert "A second operator must approve this." in text(answer)
    assert (queries.balance(buyer, CNY), Acted.objects.get(act="top_up").outcome) == (Money(0, CNY), "asked")
    page = f"/console/approvals/{request.pk}/"
    assert answer.redirect_chain[-1][0] == page
    assert "Withdraw the request" in text(answer)
    assert "Reject" not in text(answer).split("History")[0].split("Your request")[1]
    queue = text(signed_in(second).get("/console/queue/?source=approvals"))
    assert request.about.split(" · ")[1] in queue or "Top-up" in queue
    response = signed_in(second).post(f"{page}approve/", follow=True)
    assert "Approved and executed." in text(response)
    assert queries.balance(buyer, CNY) == Money.of(60_000, CNY)
    assert Acted.objects.get(act="approval_approve").outcome == "done"


def test_requester_cannot_approve_and_reads_why() -> None:
    buyer, asker, _second = make_buyer(balance="0"), make_approver(), make_approver()
    client = signed_in(asker)
    client.post(f"/console/accounts/{buyer.pk}/top-up/", TOP_UP)
    request = Request.objects.get()
    answer = client.post(f"/console/approvals/{request.pk}/approve/", follow=True)
    assert "You made this request yourself. Another operator has to decide" in text(answer)
    assert Acted.objects.get(act="approval_approve").outcome == "refused"
    refused = client.post(f"/console/approvals/{request.pk}/reject/", {"opinion": "No."}, follow=True)
    assert (
        "You made this request yourself. Another operator has to decide" in text(refused),
        Request.objects.get().status,
    ) == (True, "waiting")
    client.post(f"/console/approvals/{request.pk}/withdraw/")
    assert Request.objects.get().status == "withdrawn"
    assert not Transfer.objects.exists()


def test_failed_approval_keeps_its_reason_and_can_be_rejected() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    signed_in(asker).post(f"/console/accounts/{buyer.pk}/top-up/", TOP_UP)
    ledger.top_up(make_buyer(balance="0"), Money(1, CNY), reference="B-1", actor="op", now=NOW)
    request, client = Request.objects.get(), signed_in(second)
    answer = client.post(f"/console/approvals/{request.pk}/approve/", follow=True)
    assert "The last approval failed" in text(answer)
    refused = client.post(f"/console/approvals/{request.pk}/reject/", {"opinion": " "})
    assert (refused.status_code, Request.objects.get().status) == (422, "waiting")
    client.post(f"/console/approvals/{request.pk}/reject/", {"opinion": "Booked elsewhere."})
    assert "Booked elsewhere." in text(client.get(f"/console/approvals/{request.pk}/"))


def test_role_and_invitation_wait_for_a_second_owner() -> None:
    """opening.md §2: "money above a limit and role changes need a second operator"."""
    owner, second, other = make_operator(), make_approver(), make_buyer(balance="0")
    client = signed_in(owner)
    client.post(f"/console/accounts/{other.pk}/role/", {"role": "finance"})
    client.post("/console/operators/invite/", {"email": "new@market.example", "role": "owner"})
    role, invitation = Request.objects.order_by("pk")
    assert User.objects.get(pk=other.pk).operator_role == ""
    assert not OperatorInvitation.objects.exists()
    for request in (role, invitation):
        signed_in(second).post(f"/console/approvals/{request.pk}/approve/")
    assert User.objects.get(pk=other.pk).operator_role == "finance"
    assert OperatorInvitation.objects.get().email == "new@market.example"


def test_act_of_owners_offers_no_decision_to_finance() -> None:
    """Decision 0107: only owners decide on roles."""
    owner, _second, finance, other = make_operator(), make_approver(), make_approver("finance"), make_buyer(balance="0")
    signed_in(owner).post(f"/console/accounts/{other.pk}/role/", {"role": "finance"})
    where = f"/console/approvals/{Request.objects.get().pk}/"
    assert 'id="approve"' not in signed_in(finance).get(where).content.decode()
    assert signed_in(finance).post(f"{where}approve/").status_code in {302, 403}
    assert Request.objects.get().status == "waiting"


def test_operator_who_cannot_decide_reads_why() -> None:
    """Decision 0107: two-step sign-in is required, and operators cannot decide on their own account."""
    buyer, _second = make_buyer(balance="0"), make_approver()
    signed_in(make_operator()).post(f"/console/accounts/{buyer.pk}/top-up/", TOP_UP)
    where, without = (
        f"/console/approvals/{Request.objects.get().pk}/",
        signed_in(make_operator(email="plain@m.example")),
    )
    page = text(without.get(where))
    assert ("Turn on two-step sign-in to decide" in page, 'id="reject"' in page) == (True, False)
    assert (
        f'href="{reverse("web:security")}">' in page.split("Turn on two-step sign-in to decide")[1].split("</div>")[0]
    )
    refused = without.post(f"{where}reject/", {"opinion": "No."})
    assert ("Turn on two-step sign-in to decide" in text(refused), Request.objects.get().status) == (True, "waiting")


def test_limit_is_changed_with_a_reason_and_its_history_is_shown() -> None:
    client = signed_in(make_operator())
    refused = client.post("/console/approvals/limit/", {"amount": "1e9", "reason": "x"})
    assert (refused.status_code, Limit.objects.exists()) == (422, False)
    client.post("/console/approvals/limit/", {"amount": "20000", "reason": "A small market."})
    page = text(client.get("/console/approvals/limit/"))
    assert ("¥ 20,000.00" in page, "A small market." in page) == (True, True)
    assert "No other operator can approve requests yet" in page
    make_approver()
    assert "Changing the limit requires a second operator" in text(client.get("/console/approvals/limit/"))


def test_request_links_to_its_subject_and_the_table_names_every_act() -> None:
    """An approver sees the receipt before approving the booking of a transfer."""
    beside = {"top_up", "account_role", "operator_invite", "approval_limit"}
    assert {*PAGES} | beside == {*APPROVED_ACTS}
    asker, second = make_operator(), make_approver()
    buyer = make_buyer(balance="0")
    intent = show(announce(buyer, 6_000_000))
    arrived = {"amount": "60000.00", "bank_number": "ICBC-1", "payer": "A", "confirmed": "1"}
    signed_in(asker).post(f"/console/transfers/{intent.pk}/confirm/", arrived)
    request = Request.objects.get()
    page = signed_in(second).get(f"/console/approvals/{request.pk}/").content.decode()
    assert f'href="/console/transfers/{intent.pk}/"' in page
    assert queries.balance(buyer, CNY) == Money(0, CNY)


def test_booking_is_corrected_in_two_steps_and_the_debt_is_visible_to_buyer_and_operator() -> None:
    """Must show 3."""
    buyer, client = make_buyer(balance="0"), signed_in(make_operator())
    booking = make_top_up(buyer, "B-7")
    ledger.pay(buyer, Money.of(4, CNY), reference="CS1", now=NOW)
    form = {"way": "amount", "amount": "1.00", "whose": "", "reason": "Typed wrong.", "seen": "0"}
    where = f"/console/ledger/bookings/{booking.pk}/correct/"
    step = client.post(where, form)
    assert "The buyer will owe ¥ 3.00" in text(step)
    assert not Correction.objects.exists()
    client.post(where, form | {"confirmed": "1"})
    assert Correction.objects.get().owed == Money.of(3, CNY)
    assert "¥ 3.00 owed after a correction" in text(client.get(f"/console/accounts/{buyer.pk}/"))
    assert "Typed wrong." in text(client.get(f"/console/ledger/bookings/{booking.pk}/"))
    assert "B-7" in text(client.get("/console/ledger/corrections/"))
    balance = text(signed_in(buyer).get("/balance/"))
    assert ("You owe ¥ 3.00 after a correction" in balance, "Typed wrong." in balance) == (True, True)
    response = client.post(where, form | {"confirmed": "1"})
    assert (response.status_code, Correction.objects.count()) == (422, 1)
    checked = client.get("/console/ledger/?check=1")
    assert checked.context["result"].problems == ()
    assert "The books add up: 3 transfers over" in text(checked)


def test_incomplete_correction_is_refused_beside_its_field() -> None:
    client, booking = signed_in(make_operator()), make_top_up(make_buyer(balance="0"))
    where = f"/console/ledger/bookings/{booking.pk}/correct/"
    form = {"way": "amount", "amount": "", "whose": "", "reason": "x", "seen": "0"}
    for change, field in (
        ({}, "amount"),
        ({"way": "account"}, "whose"),
        ({"way": "account", "whose": "no@x.example"}, "whose"),
    ):
        answer = client.post(where, form | change)
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])


PAYEE = {"amount": "3", "holder": "Lantian", "bank": "ICBC", "branch": "", "account": "6225880123456789"}


def test_buyer_withdraws_money_and_an_operator_pays_it() -> None:
    buyer, operator = make_buyer(balance="5"), make_operator()
    own, client = signed_in(buyer), signed_in(operator)
    refused = own.post("/balance/withdraw/", PAYEE | {"amount": "6"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["amount"])
    page = text(own.post("/balance/withdraw/", PAYEE, follow=True))
    assert ("•••• 6789" in page, "6225880123456789" in page, "Withdraw the request" in page) == (True, False, True)
    withdrawal = Withdrawal.objects.get()
    where = f"/console/withdrawals/{withdrawal.pk}/"
    assert withdrawal.number in text(client.get("/console/withdrawals/"))
    assert client.post(f"{where}account/").status_code == 404
    client.post(f"{where}approve/")
    assert "Withdraw the request" not in text(own.get(f"/balance/withdrawals/{withdrawal.number}/"))
    assert "6225880123456789" in text(client.post(f"{where}account/"))
    assert client.post(f"{where}pay/", {"bank_number": "%"}).status_code == 422
    client.post(f"{where}pay/", {"bank_number": "ICBC-9"})
    assert "ICBC-9" in text(own.get(f"/balance/withdrawals/{withdrawal.number}/"))
    client.post(f"{where}return/", {"reason": "Account closed."})
    page = text(own.get(f"/balance/withdrawals/{withdrawal.number}/"))
    assert ("Account closed." in page, "Request it again" in page) == (True, True)
    assert queries.balance(buyer, CNY) == Money.of(5, CNY)


def test_buyer_cancels_only_their_own_request() -> None:
    buyer, other = make_buyer(balance="5"), make_buyer(balance="5")
    withdrawal = make_withdrawal(buyer)
    assert signed_in(other).post(f"/balance/withdrawals/{withdrawal.number}/withdraw/").status_code == 404
    signed_in(buyer).post(f"/balance/withdrawals/{withdrawal.number}/withdraw/")
    assert (Withdrawal.objects.get().status, queries.balance(buyer, CNY)) == ("withdrawn", Money.of(5, CNY))
