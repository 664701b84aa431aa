"""Issue 12: a transfer proof books once, also when many operators confirm at the same moment."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from tests.factories import NOW, make_buyer, make_operator
from tests.factories.transfers import CNY, announce, came, show
from tests.market.at_once import at_once
from tradepost.market.base.money import Money
from tradepost.market.payments import intents, ledger, queries, unmatched
from tradepost.market.payments.confirm import confirm, reject
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Transfer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_fifty_confirmations_of_one_transfer_book_once() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = show(announce(buyer))
    outcomes = Counter(at_once([partial(confirm, intent, came(f"B-{n % 2}"), by=operator, now=NOW) for n in range(50)]))
    assert outcomes == {"done": 1, "intent.not_allowed": 49}
    assert Transfer.objects.count() == ProviderFact.objects.count() == 1
    assert queries.balance(buyer, CNY) == Money(10_000, CNY)
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_one_bank_reference_on_fifty_transfers_books_one() -> None:
    operator, buyers = make_operator(), [make_buyer(balance="0") for _ in range(25)]
    shown = [show(announce(buyer, amount)) for buyer in buyers for amount in (10_000, 20_000)]
    outcomes = Counter(at_once([partial(confirm, intent, came("B-1"), by=operator, now=NOW) for intent in shown]))
    assert outcomes == {"done": 1, "top_up.repeated": 49}
    assert Counter(Intent.objects.values_list("status", flat=True)) == {"succeeded": 1, "in_review": 49}
    assert Transfer.objects.count() == ProviderFact.objects.count() == 1
    assert ledger.verify().problems == ()


def test_concurrent_acts_on_one_transfer_have_one_outcome() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = show(announce(buyer))
    fact = unmatched.record(came("B-9"), by=operator, now=NOW)
    outcomes = at_once(
        [
            lambda: confirm(intent, came("B-1"), by=operator, now=NOW),
            lambda: reject(intent, "No.", by=operator, now=NOW),
            lambda: intents.withdraw(intent, now=NOW),
            lambda: unmatched.assign(fact, buyer, intent=intent, note="x", by=operator, now=NOW),
            lambda: unmatched.return_to_sender(fact, note="x", by=operator, now=NOW),
            lambda: show(intent, content=b"%PDF-1.4 another"),
        ]
    )
    assert set(outcomes) <= {"done", "intent.not_allowed", "money.not_allowed"}
    assert ledger.verify().problems == ()


def test_same_announcement_twice_at_once_makes_one_transfer() -> None:
    buyer = make_buyer(balance="0")
    assert at_once([lambda: announce(buyer)] * 10) == ["done"] * 10
    assert Intent.objects.count() == 1
