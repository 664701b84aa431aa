"""Transfers, unmatched money and the books in the console: two steps, one booking, and matching sums (issue 12)."""

from __future__ import annotations

import html
import re
from datetime import datetime

import pytest
from django.test import Client
from django.utils.translation import override

from tests.factories import make_buyer, make_operator, make_seller
from tests.factories.transfers import CNY, announce, came, show
from tradepost.market.audit.models import Entry as Acted
from tradepost.market.base import clock
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.payments import kept_sums, ledger, queries, unmatched
from tradepost.market.payments.correction_models import Correction
from tradepost.market.payments.corrections import Change, correct
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Account, KindTotal, Transfer
from tradepost.market.web.templatetags.ui import moment as shown_moment

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
def proved_transfer() -> Intent:
    return show(announce(make_buyer(balance="0"), now=clock.now()), now=clock.now())


def text(client: Client, path: str) -> str:
    return re.sub(r"\s+", " ", client.get(path).content.decode().replace("\xa0", " "))


def test_proof_and_announcement_are_side_by_side_and_nothing_is_booked_before_the_second_step(
    console: Client, proved_transfer: Intent
) -> None:
    page = text(console, f"/console/transfers/{proved_transfer.pk}/")
    for expected in (
        proved_transfer.number,
        proved_transfer.user.email,
        "receipt.pdf",
        'value="100.00"',
        "Check before",
    ):
        assert expected in page
    step = console.post(f"/console/transfers/{proved_transfer.pk}/confirm/", ARRIVAL | {"amount": "99.50"})
    page_text = step.content.decode().replace("\xa0", " ")
    assert ("¥ 99.50" in page_text, "¥ 100.00" in page_text) == (True, True)
    assert "The amount received differs from the announced amount." in page_text
    assert not Transfer.objects.exists()
    assert Intent.objects.get().status == "in_review"


def test_transfer_is_booked_once_however_often_it_is_sent(console: Client, proved_transfer: Intent) -> None:
    answers = [
        console.post(f"/console/transfers/{proved_transfer.pk}/confirm/", ARRIVAL | {"confirmed": "1"}, follow=True)
        for _ in range(2)
    ]
    assert "was added to the balance" in answers[0].content.decode()
    assert "decided already; nothing was booked again" in answers[1].content.decode()
    assert Transfer.objects.count() == 1
    assert queries.balance(proved_transfer.user, CNY) == Money(10_000, CNY)


@pytest.mark.parametrize("step", [{}, {"confirmed": "1"}])
def test_booked_reference_is_refused_beside_its_field(
    console: Client, proved_transfer: Intent, step: dict[str, str]
) -> None:
    ledger.top_up(make_buyer(balance="0"), Money(1, CNY), reference="ICBC-77", actor="op", now=clock.now())
    answer = console.post(
        f"/console/transfers/{proved_transfer.pk}/confirm/", ARRIVAL | {"bank_number": "icbc-77"} | step
    )
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["bank_number"]
    assert Transfer.objects.count() == 1
    assert Intent.objects.get().status == "in_review"


def test_rejection_needs_a_reason_and_is_sent_once(console: Client, proved_transfer: Intent) -> None:
    where = f"/console/transfers/{proved_transfer.pk}/reject/"
    assert 'id="opinion_error"' in console.post(where, {"opinion": " "}).content.decode()
    console.post(where, {"opinion": "not there"})
    assert "decided already" in console.post(where, {"opinion": "no"}, follow=True).content.decode()
    assert Intent.objects.get().opinion == "not there"


def test_operators_own_transfer_needs_another_operator(console: Client, operator: User) -> None:
    own = show(announce(operator, now=clock.now()), now=clock.now())
    assert "Another operator has to handle it." in text(console, f"/console/transfers/{own.pk}/")
    assert console.post(f"/console/transfers/{own.pk}/confirm/", ARRIVAL | {"confirmed": "1"}).status_code == 403
    assert not Transfer.objects.exists()


def test_reference_is_found_as_written_and_a_wrong_one_is_named(console: Client, proved_transfer: Intent) -> None:
    number = proved_transfer.number
    assert number in text(console, f"/console/transfers/?q={number[:4].lower()}+{number[4:]}")
    for other in ("in_review", "booked", "rejected", "expired"):
        assert number in text(console, f"/console/transfers/?q={number}&status={other}&last=1"), "whatever its state"
    wrong = number[:-1] + ("A" if number[-1] != "A" else "B")
    page = text(console, f"/console/transfers/?q={wrong}")
    assert (
        "This reference number is not valid. A character is wrong, or two characters are swapped. Compare it with the statement"
        in page
    )
    assert proved_transfer.user.email not in page


# --- corrections --------------------------------------------------------------------------------------------------------


@pytest.fixture
def booked(console: Client, proved_transfer: Intent) -> Intent:
    console.post(f"/console/transfers/{proved_transfer.pk}/confirm/", ARRIVAL | {"confirmed": "1"})
    return Intent.objects.get(pk=proved_transfer.pk)


def correct_booking(intent: Intent, *changes: tuple[int, User | None]) -> list[Correction]:
    """``changes``: the amounts in minor units, and the recipient of the money."""
    booking = Transfer.objects.get(pk=intent.fact.booked_id)
    return [
        correct(
            booking, Change(amount=Money(minor, CNY), to=to, reason=f"Reason {corrections_seen}", seen=corrections_seen), by=make_operator(),
            now=clock.now(),
        )
        for corrections_seen, (minor, to) in enumerate(changes)
    ]  # fmt: skip


def moment(at: datetime) -> str:
    with override("en"):
        return re.sub(r"<[^>]+>", "", shown_moment(at)).replace("\xa0", " ")


def notes(user: User, path: str) -> list[str]:
    """Return the page's text about corrections, without its links."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    strong = re.findall(r"<strong>(.*?)</strong>", text(client, path))
    return [re.sub(r"<[^>]+>", "", words).strip() for words in strong if "by booking" in words]


CHANGES = (
    ((1_000,), ["Corrected on {at[0]} from ¥ 100.00 to ¥ 10.00 by booking {pk}-1."], None),
    ((0,), ["Corrected on {at[0]} from ¥ 100.00 to ¥ 0.00 by booking {pk}-1."], None),
    ((1_000, 25_000), [
        "Corrected on {at[0]} from ¥ 100.00 to ¥ 10.00 by booking {pk}-1.",
        "Corrected on {at[1]} from ¥ 10.00 to ¥ 250.00 by booking {pk}-2.",
    ], None),
    (("other",), ["Moved on {at[0]} from {buyer} to {other}: ¥ 100.00 by booking {pk}-1."],
     ["Moved to another account on {at[0]}: ¥ 100.00 by booking {pk}-1."]),
    (("other", 7_000, "buyer"), [
        "Moved on {at[0]} from {buyer} to {other}: ¥ 100.00 by booking {pk}-1.",
        "Corrected on {at[1]} from ¥ 100.00 to ¥ 70.00 by booking {pk}-2.",
        "Moved on {at[2]} from {other} to {buyer}: ¥ 70.00 by booking {pk}-3.",
    ], [
        "Moved to another account on {at[0]}: ¥ 100.00 by booking {pk}-1.",
        "Moved back to your account on {at[2]}: ¥ 70.00 by booking {pk}-3.",
    ]),
)  # fmt: skip


@pytest.mark.parametrize(("changes", "operators", "buyers"), CHANGES)
def test_booked_transfer_shows_its_corrections(
    booked: Intent, operator: User, changes: tuple[int | str, ...], operators: list[str], buyers: list[str] | None
) -> None:
    """Decision 0107. The buyer does not see entries on another account."""
    people, amount, corrections_made = {"other": make_buyer(balance="0"), "buyer": booked.user}, 10_000, []
    for change in changes:
        amount = change if isinstance(change, int) else amount
        corrections_made.append((amount, people[change] if isinstance(change, str) else None))
    corrections = correct_booking(booked, *corrections_made)
    facts = {
        "pk": booked.fact.booked_id, "at": [moment(correction.at) for correction in corrections], "buyer": booked.user.email,
        "other": people["other"].email,
    }  # fmt: skip
    expected = [words.format(**facts) for words in operators]
    assert notes(operator, f"/console/transfers/{booked.pk}/") == expected
    expected = expected if buyers is None else [words.format(**facts) for words in buyers]
    assert notes(booked.user, f"/balance/transfers/{booked.number}/") == expected


def test_note_of_a_correction_links_to_its_booking(console: Client, booked: Intent) -> None:
    [correction] = correct_booking(booked, (1_000, None))
    where = f"/console/ledger/bookings/{correction.transfer_id}/"
    assert f'<a href="{where}">{correction.booked.reference}</a>' in text(console, f"/console/transfers/{booked.pk}/")
    assert correction.booked.reference in text(console, where)
    buyer = Client(headers={"accept-language": "en"})
    buyer.force_login(booked.user)
    page = text(buyer, f"/balance/transfers/{booked.number}/")
    [link] = re.findall(rf'<a href="([^"]+)">{correction.booked.reference}</a>', page)
    assert correction.booked.reference in text(buyer, html.unescape(link))
    assert ("¥ 100.00 was added to your balance." in page, "is on your balance" in page) == (True, False)


@pytest.mark.parametrize(
    ("ends", "says", "leads_to"),
    [
        ("assigned", "This money was assigned or sent back. Correct that booking instead.", "booking"),
        ("returned", "This money was assigned or sent back. Correct that booking instead.", "unmatched"),
        ("void", "This booking was reversed. If the money arrives after all, record it again.", "unmatched"),
    ],
)
def test_booking_of_money_that_moved_on_offers_no_correction(
    console: Client, operator: User, ends: str, says: str, leads_to: str
) -> None:
    """It showed a form that was always refused, and called a reversed one assigned."""
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=clock.now())
    path = f"/console/ledger/bookings/{fact.arrival_id}/"
    assert f"{path}correct/" in text(console, path)
    if ends == "assigned":
        unmatched.assign(fact, make_buyer(balance="0"), note="x", by=operator, now=clock.now())
    elif ends == "returned":
        unmatched.return_to_sender(fact, note="x", by=operator, now=clock.now())
    else:
        reverse = Change(amount=Money(0, "CNY"), reason="x", seen=0)
        correct(fact.arrival, reverse, by=operator, now=clock.now())
    fact.refresh_from_db()
    page, transfers = text(console, path), Transfer.objects.count()
    assert f"{path}correct/" not in page
    assert says in page
    link = f"/console/ledger/bookings/{fact.moved_id}/" if leads_to == "booking" else f"/console/unmatched/{fact.pk}/"
    assert link in page
    sent = {"way": "amount", "amount": "1.00", "reason": "x", "seen": str(Correction.objects.count())}
    answer = console.post(f"{path}correct/", sent | {"confirmed": "1"})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert Transfer.objects.count() == transfers


def test_seller_reads_how_its_payment_was_corrected(console: Client) -> None:
    seller = make_seller(member=make_buyer(balance="0"))
    owner = seller.members.get().user
    intent = show(announce(owner, seller=seller, now=clock.now()), now=clock.now())
    console.post(f"/console/transfers/{intent.pk}/confirm/", ARRIVAL | {"confirmed": "1"})
    intent = Intent.objects.get(pk=intent.pk)
    [correction] = correct_booking(intent, (1_000, None))
    expected = [
        f"Corrected on {moment(correction.at)} from ¥ 100.00 to ¥ 10.00 by booking {correction.booked.reference}."
    ]
    assert notes(owner, f"/seller/settlements/repayments/{intent.number}/") == expected


# --- unmatched ----------------------------------------------------------------------------------------------------------


def test_unmatched_money_is_entered_in_two_steps_and_links_to_possible_transfers(
    console: Client, proved_transfer: Intent
) -> None:
    entered = ARRIVAL | {"words": f"payment {proved_transfer.number.lower()} thanks"}
    step = console.post("/console/unmatched/record/", entered)
    assert "The payment reference contains the reference number" in step.content.decode()
    assert not Transfer.objects.exists()
    response = console.post("/console/unmatched/record/", entered | {"confirmed": "1"})
    page = text(console, response["Location"])
    assert "its reference number is on the transfer" in page
    repeated = console.post("/console/unmatched/record/", entered | {"confirmed": "1"})
    assert list(repeated.context["form"].errors) == ["bank_number"]
    assert ProviderFact.objects.count() == 1


def test_audit_log_distinguishes_confirmation_pages_from_bookings(console: Client) -> None:
    """Issue 12: an audit log of every administrative act; a page that asks for confirmation is not an act."""
    entered = ARRIVAL | {"bank_number": "ICBC-78"}
    for more in ({}, {"change": "1"}, {"confirmed": "1"}, {"confirmed": "1"}):
        console.post("/console/unmatched/record/", entered | more)
    rows = Acted.objects.filter(act="unmatched_record").order_by("pk").values_list("outcome", flat=True)
    assert list(rows) == ["shown", "shown", "done", "refused"]


@pytest.mark.parametrize("by_number", [True, False])
def test_unmatched_money_is_assigned_by_number_or_by_address(
    console: Client, operator: User, proved_transfer: Intent, *, by_number: bool
) -> None:
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=clock.now())
    where = f"/console/unmatched/{fact.pk}/assign/"
    wrong = console.post(where, {"whose": "nobody@x.example", "note": "x"})
    assert (wrong.status_code, 'id="id_whose_error"' in wrong.content.decode()) == (422, True)
    assert console.post(where, {"whose": proved_transfer.user.email, "note": ""}).status_code == 422
    form = {"whose": proved_transfer.number if by_number else proved_transfer.user.email.upper(), "note": "said so"}
    assert "Add ¥" in console.post(where, form).content.decode()
    assert queries.balance(proved_transfer.user, CNY) == Money(0, CNY)
    for _ in range(2):
        console.post(where, form | {"confirmed": "1"})
    assert queries.balance(proved_transfer.user, CNY) == Money(7_000, CNY)
    assert Intent.objects.get().status == ("succeeded" if by_number else "in_review")
    assert ledger.verify().problems == ()


def test_unmatched_money_is_sent_back_once_with_its_reason(console: Client, operator: User) -> None:
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=clock.now())
    where = f"/console/unmatched/{fact.pk}/send-back/"
    assert 'id="id_how_error"' in console.post(where, {"how": ""}).content.decode()
    for _ in range(2):
        console.post(where, {"how": "B-BACK"})
    assert ProviderFact.objects.get().status == "returned"
    assert ledger.verify().problems == ()


# --- the books ----------------------------------------------------------------------------------------------------------


def test_totals_of_buyers_and_sellers_visibly_add_up(console: Client, operator: User) -> None:
    """Issue 12: the ledger's totals of buyers and sellers visibly add up; amounts have one format, and a balance is not
    red."""
    assert "No ledger transactions yet" in text(console, "/console/ledger/")
    buyer, seller = make_buyer(balance="1000"), make_seller()
    ledger.pay(buyer, Money(30_000, CNY), reference="CS1", now=clock.now())
    ledger.earn(seller, Money(20_000, CNY), reference="CS1-1", order_number="CS1", now=clock.now())
    unmatched.record(came("B-1", 7_000), by=operator, now=clock.now())
    for _ in range(2):
        page = text(console, "/console/ledger/")
        figures = re.findall(r"¥ ([\d,.]+)", page[: page.index('id="movements"')])
        assert figures == ["1,070.00", "700.00", "200.00", "100.00", "70.00", "1,070.00", "0.00"]
        assert not re.search(r"tp-bad\b", page)
        kept_sums.advance_sums()


def test_each_figure_links_to_its_entries(console: Client, operator: User) -> None:
    buyer, seller = make_buyer(balance="1000"), make_seller()
    ledger.pay(buyer, Money(30_000, CNY), reference="CS1", now=clock.now())
    ledger.earn(seller, Money(20_000, CNY), reference="CS1-1", order_number="CS1", now=clock.now())
    unmatched.record(came("B-1", 7_000), by=operator, now=clock.now())
    page = console.get("/console/ledger/")
    [shown] = page.context["books"]
    responses = {str(line.words): console.get(line.url.partition("#")[0]) for line in shown.lines}
    assert responses["Owed to sellers"].context["together"] == [Money(20_000, CNY)]
    moved = {
        words: [m.transfer.reference for m in answer.context["page"].rows]
        for words, answer in responses.items()
        if words != "Owed to sellers"
    }
    top_up = Transfer.objects.order_by("pk").first()
    assert top_up is not None
    assert moved == {
        "Buyers' balances": ["CS1", top_up.reference],
        "Paid, held until delivery": ["CS1-1", "CS1"],
        "Received, not matched to a buyer yet": ["B-1"],
    }
    came_in = console.get(shown.came_url.partition("#")[0]).context["page"].rows
    assert [m.transfer.reference for m in came_in] == ["B-1", top_up.reference]
    account = Account.objects.get(kind="seller")
    rows = console.get(f"/console/ledger/?account={account.pk}").context["page"].rows
    assert [m.transfer.reference for m in rows] == ["CS1-1"]
    assert console.get("/console/ledger/?account=999999").status_code == 404


def test_invalid_filters_of_movements_are_refused_and_name_no_missing_search(console: Client, operator: User) -> None:
    make_buyer(balance="1000")
    unused = make_buyer(balance="0")
    account, _ = Account.objects.get_or_create(kind="buyer", user=unused, currency=CNY)
    of_account, of_kind = f"/console/ledger/?account={account.pk}", "/console/ledger/?kind=buyer&currency=CNY"
    page = text(console, of_account)
    assert "Transactions appear here." in page
    assert "bank reference" not in page, "the page has no search"
    for address in (of_account, of_kind):
        for query in ("q=CS1", "reason=top_up", "last=7d", "from=2026-01-01"):
            for more in ("", "&format=csv"):
                answer = console.get(f"{address}&{query}{more}")
                assert answer.status_code == 422, query
                assert "cannot be filtered" in answer.content.decode()
        assert console.get(f"{address}&q=&reason=&last=").status_code == 200
    assert console.get(f"{of_kind}&account={account.pk}").status_code == 422
    for unknown in ("account=abc", "kind=cash&currency=CNY", "kind=buyer&currency=XXX", "kind=buyer"):
        assert console.get(f"/console/ledger/?{unknown}").status_code == 404, unknown


def test_inconsistent_books_raise_an_alarm(console: Client) -> None:
    make_buyer(balance="1000")
    kept_sums.advance_sums()
    KindTotal.objects.filter(kind="buyer").update(summed_minor=1)
    page = text(console, "/console/ledger/?check=1")
    assert "Must be zero" in page
    assert "The books do not add up" in page
