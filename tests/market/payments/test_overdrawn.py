"""Accounts in debt after a correction: issue 28, Must show 3 ("debt 7,000 visible to buyer and operator"; decision 0107)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_operator
from tests.factories.transfers import CNY
from tests.market.plans import plan
from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.payments import ledger
from tradepost.market.payments.corrections import Change, correct
from tradepost.market.payments.models import Transfer
from tradepost.market.payments.overdrawn import accounts_in_debt, overdrawn_accounts
from tradepost.market.work_queue import queue_queries
from tradepost.market.work_queue.contract import Clock

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def yuan(major: int) -> Money:
    return Money.of(major, CNY)


def book_top_up(buyer: User, major: int, number: str, *, now: datetime = NOW) -> Transfer:
    return ledger.top_up(buyer, yuan(major), reference=number, actor="op", now=now)


def correct_booking(
    booking: Transfer, major: int, *, seen: int = 0, now: datetime = NOW, to: User | None = None
) -> None:
    change = Change(amount=yuan(major), reason=f"{booking.reference} was wrong", seen=seen, to=to)
    correct(booking, change, by=make_operator(), now=now)


def make_debtor(number: str = "B-1", *, now: datetime = NOW) -> User:
    """Must show 3: book 10,000, spend 8,000, correct to 1,000: debt 7,000."""
    buyer = make_buyer(email=f"{number.lower()}@debtor.example", balance="0")
    booking = book_top_up(buyer, 10_000, number, now=now - DAY)
    ledger.pay(buyer, yuan(8_000), reference=f"CS-{number}", now=now - DAY)
    correct_booking(booking, 1_000, now=now)
    return buyer


def listed_debts(**bounds: Any) -> list[tuple[str, Money, datetime, str]]:
    return [
        (str(row.account.user.email), row.debt, row.since, row.correction.reason)
        for row in accounts_in_debt(**bounds).rows
        if row.account.user
    ]


def queue() -> list[str]:
    clock = Clock(now=NOW, settings=config(), zone=NOW.tzinfo)  # type: ignore[arg-type]
    reader = make_operator("finance")
    entries = queue_queries.listed(queue_queries.QueueFilter(source="debts"), reader=reader, clock=clock).entries
    return [str(entry.entry.about) for entry in entries]


def test_debt_is_listed_from_its_correction_until_it_is_paid() -> None:
    buyer = make_debtor()
    assert listed_debts() == [(buyer.email, yuan(7_000), NOW, "B-1 was wrong")]
    assert queue() == [str(buyer)]
    book_top_up(buyer, 6_999, "B-2")
    assert listed_debts() == [(buyer.email, yuan(1), NOW, "B-1 was wrong")]
    book_top_up(buyer, 1, "B-3")
    assert (listed_debts(), queue()) == ([], []), "paid to the last yuan"


def test_second_correction_keeps_the_start_of_the_debt_and_a_new_debt_gets_its_own() -> None:
    buyer = make_debtor()
    second = book_top_up(buyer, 500, "B-2", now=NOW + DAY)
    correct_booking(second, 100, now=NOW + 2 * DAY)
    assert listed_debts() == [(buyer.email, yuan(6_900), NOW, "B-1 was wrong")]
    book_top_up(buyer, 6_900, "B-3", now=NOW + 3 * DAY)
    correct_booking(second, 0, seen=1, now=NOW + 4 * DAY)
    assert listed_debts() == [(buyer.email, yuan(100), NOW + 4 * DAY, "B-2 was wrong")]


def test_zero_balance_is_no_debt_and_a_moved_booking_leaves_the_debt_with_the_spender() -> None:
    spent, right = make_buyer(balance="0"), make_buyer(balance="0")
    first, moved = book_top_up(spent, 10, "B-1"), book_top_up(spent, 30, "B-2")
    ledger.pay(spent, yuan(30), reference="CS1", now=NOW)
    correct_booking(first, 0)
    assert listed_debts() == []
    correct_booking(moved, 30, to=right)
    assert listed_debts() == [(spent.email, yuan(30), NOW, "B-2 was wrong")]


def test_period_filter_uses_the_start_of_the_debt() -> None:
    early, late = make_debtor("B-1"), make_debtor("B-2", now=NOW + 5 * DAY)
    assert [row[0] for row in listed_debts()] == [late.email, early.email]
    assert [row[0] for row in listed_debts(since=NOW + DAY)] == [late.email]
    assert [row[0] for row in listed_debts(until=NOW + 5 * DAY)] == [early.email]
    assert listed_debts(since=NOW + DAY, until=NOW + 5 * DAY) == []
    first = accounts_in_debt(size=1)
    assert [row.account.user for row in [*first.rows, *accounts_in_debt(size=1, after=first.next_key).rows]] == [
        late,
        early,
    ]


def test_list_reads_the_index_of_negative_accounts() -> None:
    make_debtor()
    assert "account_overdrawn" in plan(overdrawn_accounts().order_by("-pk")[:26])
    assert "account_overdrawn" in plan(overdrawn_accounts().order_by("pk")[:26])


READERS = {"owner": 200, "finance": 200, "auditor": 200, "reviewer": 403, "service": 403, "support": 403}


@pytest.mark.parametrize(("role", "status"), READERS.items())
def test_finance_owners_and_auditors_see_debts_in_list_and_work_queue(role: str, status: int) -> None:
    buyer = make_debtor()
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator(role))
    answer = client.get("/console/ledger/debts/")
    assert answer.status_code == status
    page = answer.content.decode().replace("\xa0", " ")
    shown = [words in page for words in (buyer.email, "¥ 7,000.00", "B-1 was wrong", f"/console/accounts/{buyer.pk}/")]
    assert shown == [status == 200] * 4
    queue = client.get("/console/queue/?source=debts").content.decode()
    assert ("Buyer in debt after a correction" in queue) == (status == 200)


def test_empty_list_has_a_text_in_both_languages() -> None:
    for language, words in {"en": "No accounts in debt", "zh-hans": "暂无欠款账户"}.items():
        client = Client(headers={"accept-language": language})
        client.force_login(make_operator())
        assert words in client.get("/console/ledger/debts/").content.decode()
