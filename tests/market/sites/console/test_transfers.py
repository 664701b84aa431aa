"""Transfers, unmatched money and the books in the console: two steps, one booking, and sums that meet (issue 12)."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.factories import make_buyer, make_operator, make_seller
from tests.factories.transfers import CNY, announce, came, show
from tradepost.market.audit.models import Entry as Acted
from tradepost.market.base import clock
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.payments import kept_sums, ledger, queries, unmatched
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Account, KindTotal, Transfer

pytestmark = pytest.mark.django_db
ARRIVAL = {"amount": "100.00", "bank_number": "ICBC-77", "payer": "Lantian", "words": "", "note": ""}


@pytest.fixture
def operator() -> User:
    return make_operator()


@pytest.fixture
def console(operator: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(operator)
    return client


@pytest.fixture
def shown() -> Intent:
    return show(announce(make_buyer(balance="0"), now=clock.now()), now=clock.now())


def text(client: Client, path: str) -> str:
    return re.sub(r"\s+", " ", client.get(path).content.decode().replace("\xa0", " "))


def test_proof_and_intent_stand_side_by_side_and_nothing_is_booked_before_the_second_step(
    console: Client, shown: Intent
) -> None:
    page = text(console, f"/console/transfers/{shown.pk}/")
    for there in (shown.number, shown.user.email, "receipt.pdf", 'value="100.00"', "Check before"):
        assert there in page
    step = console.post(f"/console/transfers/{shown.pk}/confirm/", ARRIVAL | {"amount": "99.50"})
    said = step.content.decode().replace("\xa0", " ")
    assert ("¥ 99.50" in said, "¥ 100.00" in said) == (True, True)
    assert "What arrived is not what was announced." in said
    assert not Transfer.objects.exists()
    assert Intent.objects.get().status == "in_review"


def test_it_is_booked_once_however_often_it_is_sent(console: Client, shown: Intent) -> None:
    answers = [
        console.post(f"/console/transfers/{shown.pk}/confirm/", ARRIVAL | {"confirmed": "1"}, follow=True)
        for _ in range(2)
    ]
    assert "was added to the balance" in answers[0].content.decode()
    assert "decided already; nothing was booked again" in answers[1].content.decode()
    assert Transfer.objects.count() == 1
    assert queries.balance(shown.user, CNY) == Money(10_000, CNY)


@pytest.mark.parametrize("step", [{}, {"confirmed": "1"}])
def test_a_number_that_was_booked_is_refused_beside_its_field(
    console: Client, shown: Intent, step: dict[str, str]
) -> None:
    ledger.top_up(make_buyer(balance="0"), Money(1, CNY), reference="ICBC-77", actor="op", now=clock.now())
    answer = console.post(f"/console/transfers/{shown.pk}/confirm/", ARRIVAL | {"bank_number": "icbc-77"} | step)
    assert answer.status_code == 409
    assert list(answer.context["form"].errors) == ["bank_number"]
    assert Transfer.objects.count() == 1
    assert Intent.objects.get().status == "in_review"


def test_a_rejection_needs_a_reason_and_is_said_once(console: Client, shown: Intent) -> None:
    where = f"/console/transfers/{shown.pk}/reject/"
    assert 'id="opinion_error"' in console.post(where, {"opinion": " "}).content.decode()
    console.post(where, {"opinion": "not there"})
    assert "decided already" in console.post(where, {"opinion": "no"}, follow=True).content.decode()
    assert Intent.objects.get().opinion == "not there"


def test_an_operators_own_transfer_is_another_operators(console: Client, operator: User) -> None:
    own = show(announce(operator, now=clock.now()), now=clock.now())
    assert "Another operator has to handle it." in text(console, f"/console/transfers/{own.pk}/")
    assert console.post(f"/console/transfers/{own.pk}/confirm/", ARRIVAL | {"confirmed": "1"}).status_code == 403
    assert not Transfer.objects.exists()


def test_a_reference_is_found_as_it_was_written_and_a_wrong_one_is_named(console: Client, shown: Intent) -> None:
    number = shown.number
    assert number in text(console, f"/console/transfers/?q={number[:4].lower()}+{number[4:]}")
    wrong = number[:-1] + ("A" if number[-1] != "A" else "B")
    page = text(console, f"/console/transfers/?q={wrong}")
    assert "a character is wrong" in page
    assert shown.user.email not in page


# --- unmatched ----------------------------------------------------------------------------------------------------------


def test_unmatched_money_is_entered_in_two_steps_and_leads_to_what_it_may_be(console: Client, shown: Intent) -> None:
    entered = ARRIVAL | {"words": f"payment {shown.number.lower()} thanks"}
    step = console.post("/console/unmatched/record/", entered)
    assert "confirm that transfer instead" in step.content.decode()
    assert not Transfer.objects.exists()
    kept = console.post("/console/unmatched/record/", entered | {"confirmed": "1"})
    page = text(console, kept["Location"])
    assert "its number stands on the transfer" in page
    again = console.post("/console/unmatched/record/", entered | {"confirmed": "1"})
    assert list(again.context["form"].errors) == ["bank_number"]
    assert ProviderFact.objects.count() == 1


def test_the_audit_log_tells_what_was_only_shown_from_what_was_booked(console: Client) -> None:
    """Issue 12: an audit log of every administrative act; a page that asks for confirmation did nothing yet."""
    entered = ARRIVAL | {"bank_number": "ICBC-78"}
    for more in ({}, {"change": "1"}, {"confirmed": "1"}, {"confirmed": "1"}):
        console.post("/console/unmatched/record/", entered | more)
    said = Acted.objects.filter(act="unmatched_record").order_by("pk").values_list("outcome", flat=True)
    assert list(said) == ["shown", "shown", "done", "refused"]


@pytest.mark.parametrize("by_number", [True, False])
def test_it_is_assigned_by_number_or_by_address(
    console: Client, operator: User, shown: Intent, *, by_number: bool
) -> None:
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=clock.now())
    where = f"/console/unmatched/{fact.pk}/assign/"
    wrong = console.post(where, {"whose": "nobody@x.example", "note": "x"})
    assert (wrong.status_code, 'id="id_whose_error"' in wrong.content.decode()) == (409, True)
    assert console.post(where, {"whose": shown.user.email, "note": ""}).status_code == 400
    given = {"whose": shown.number if by_number else shown.user.email.upper(), "note": "said so"}
    assert "Add ¥" in console.post(where, given).content.decode()
    assert queries.balance(shown.user, CNY) == Money(0, CNY)
    for _ in range(2):
        console.post(where, given | {"confirmed": "1"})
    assert queries.balance(shown.user, CNY) == Money(7_000, CNY)
    assert Intent.objects.get().status == ("succeeded" if by_number else "in_review")
    assert ledger.verify().problems == ()


def test_it_is_sent_back_once_with_its_reason(console: Client, operator: User) -> None:
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=clock.now())
    where = f"/console/unmatched/{fact.pk}/send-back/"
    assert 'id="id_how_error"' in console.post(where, {"how": ""}).content.decode()
    for _ in range(2):
        console.post(where, {"how": "B-BACK"})
    assert ProviderFact.objects.get().status == "returned"
    assert ledger.verify().problems == ()


# --- the books ----------------------------------------------------------------------------------------------------------


def test_the_totals_of_buyers_and_sellers_visibly_sum(console: Client, operator: User) -> None:
    """Issue 12: the ledger's totals of buyers and sellers visibly sum; amounts in one form, a balance is not red."""
    assert "No money has moved yet" in text(console, "/console/ledger/")
    buyer, seller = make_buyer(balance="1000"), make_seller()
    ledger.pay(buyer, Money(30_000, CNY), reference="CS1", now=clock.now())
    ledger.earn(seller, Money(20_000, CNY), reference="CS1-1", order_number="CS1", now=clock.now())
    unmatched.record(came("B-1", 7_000), by=operator, now=clock.now())
    for _ in range(2):
        page = text(console, "/console/ledger/")
        figures = re.findall(r"¥ ([\d,.]+)", page[: page.index('id="movements"')])
        assert figures == ["1,070.00", "700.00", "200.00", "100.00", "70.00", "1,070.00", "0.00"]
        assert not re.search(r"tp-bad\b", page)
        kept_sums.move_on()


def test_each_figure_leads_to_its_entries(console: Client, operator: User) -> None:
    buyer, seller = make_buyer(balance="1000"), make_seller()
    ledger.pay(buyer, Money(30_000, CNY), reference="CS1", now=clock.now())
    ledger.earn(seller, Money(20_000, CNY), reference="CS1-1", order_number="CS1", now=clock.now())
    unmatched.record(came("B-1", 7_000), by=operator, now=clock.now())
    page = console.get("/console/ledger/")
    [shown] = page.context["books"]
    found = {str(line.words): console.get(line.url.partition("#")[0]) for line in shown.lines}
    assert found["Owed to sellers"].context["together"] == [Money(20_000, CNY)]
    moved = {
        words: [m.transfer.reference for m in answer.context["page"].rows]
        for words, answer in found.items()
        if words != "Owed to sellers"
    }
    top_up = Transfer.objects.order_by("pk").first()
    assert top_up is not None
    assert moved == {
        "Buyers' balances": ["CS1", top_up.reference],
        "Paid, held until delivery": ["CS1-1", "CS1"],
        "Came, not matched to a buyer yet": ["B-1"],
    }
    came_in = console.get(shown.came_url.partition("#")[0]).context["page"].rows
    assert [m.transfer.reference for m in came_in] == ["B-1", top_up.reference]
    account = Account.objects.get(kind="seller")
    rows = console.get(f"/console/ledger/?account={account.pk}").context["page"].rows
    assert [m.transfer.reference for m in rows] == ["CS1-1"]
    assert console.get("/console/ledger/?account=999999").status_code == 404


def test_books_that_do_not_meet_are_an_alarm(console: Client) -> None:
    make_buyer(balance="1000")
    kept_sums.move_on()
    KindTotal.objects.filter(kind="buyer").update(summed_minor=1)
    page = text(console, "/console/ledger/?check=1")
    assert "Must be nothing" in page
    assert "The books do not add up" in page
