"""Properties of announced transfers and unmatched money: in any order of acts the books balance, a bank reference books
once, and a balance is the sum of what was received.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOW, make_buyer, make_operator
from tests.factories.transfers import CNY, announce, came, show
from tests.sampling import SOAK
from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.payments import intents, kept_sums, ledger, queries, unmatched
from tradepost.market.payments.confirm import confirm, reject
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Entry
from tradepost.market.payments.totals import books

ACTS = (
    "announce",
    "show",
    "confirm",
    "reject",
    "withdraw",
    "pass_time",
    "record",
    "assign",
    "send_back",
    "by_hand",
    "pay",
    "move_on",
)
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 3), st.integers(0, 5), st.integers(100, 900)), max_size=25
)


class People:
    """Two buyers and an operator. ``which`` selects a transfer or unmatched money, ``number`` a bank reference."""

    def __init__(self) -> None:
        self.buyers = [make_buyer(balance="0"), make_buyer(balance="0")]
        self.operator, self.now = make_operator(), NOW
        self.came: Counter[int] = Counter()

    def act(self, name: str, which: int, number: int, minor: int) -> None:
        with transaction.atomic():
            getattr(self, name)(which, number, minor)

    def announce(self, which: int, _number: int, minor: int) -> None:
        announce(self.buyers[which % 2], minor, now=self.now)

    def show(self, which: int, number: int, _minor: int) -> None:
        self._of(Intent, which, lambda intent: show(intent, content=b"%%PDF-1.4 %d" % number, now=self.now))

    def confirm(self, which: int, number: int, minor: int) -> None:
        def book(one: Intent) -> None:
            confirm(one, came(f"B-{number}", minor), by=self.operator, now=self.now)
            self.came[one.user_id] += minor

        self._of(Intent, which, book)

    def reject(self, which: int, _number: int, _minor: int) -> None:
        self._of(Intent, which, lambda intent: reject(intent, "No.", by=self.operator, now=self.now))

    def withdraw(self, which: int, _number: int, _minor: int) -> None:
        self._of(Intent, which, lambda intent: intents.withdraw(intent, now=self.now))

    def pass_time(self, which: int, _number: int, _minor: int) -> None:
        self.now += timedelta(days=which * 2)
        jobs.run_due({intents.TIMER_KIND: intents.expire}, now=self.now)

    def record(self, _which: int, number: int, minor: int) -> None:
        unmatched.record(came(f"B-{number}", minor), by=self.operator, now=self.now)

    def assign(self, which: int, number: int, _minor: int) -> None:
        def assign(fact: ProviderFact) -> None:
            buyer = self.buyers[number % 2]
            intent = Intent.objects.filter(user=buyer).order_by("-pk").first() if number > 2 else None
            unmatched.assign(fact, buyer, intent=intent, note="x", by=self.operator, now=self.now)
            self.came[buyer.pk] += fact.amount_minor

        self._of(ProviderFact, which, assign)

    def send_back(self, which: int, _number: int, _minor: int) -> None:
        self._of(
            ProviderFact, which, lambda fact: unmatched.return_to_sender(fact, note="x", by=self.operator, now=self.now)
        )

    def by_hand(self, which: int, number: int, minor: int) -> None:
        buyer = self.buyers[which % 2]
        ledger.top_up(buyer, came("x", minor).amount, reference=f"B-{number}", actor="op", now=self.now)
        self.came[buyer.pk] += minor

    def pay(self, which: int, number: int, minor: int) -> None:
        buyer = self.buyers[which % 2]
        if not Entry.objects.filter(transfer__reference=f"CS{number}").exists():
            ledger.pay(buyer, came("x", minor).amount, reference=f"CS{number}", now=self.now)
            self.came[buyer.pk] -= minor

    def move_on(self, _which: int, _number: int, _minor: int) -> None:
        kept_sums.advance_sums()

    def _of(self, model: type[Model], which: int, act: Callable[..., object]) -> None:
        rows = list(model._default_manager.order_by("-pk")[: which + 1])
        if rows:
            act(rows[-1])


@pytest.mark.django_db
@settings(max_examples=2000 if SOAK else 25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_books_balance_after_any_acts(steps: list[tuple[str, int, int, int]]) -> None:
    with transaction.atomic():
        people = People()
        for step in steps:
            with suppress(Refused):  # a refusal changed nothing, or the invariants below do not hold
                people.act(*step)
        assert ledger.verify().problems == ()
        assert {b.pk: queries.balance(b, CNY).minor for b in people.buyers} == {
            b.pk: people.came[b.pk] for b in people.buyers
        }
        arrived = Entry.objects.filter(transfer__reason="top_up", amount_minor__gt=0).values_list("transfer__reference")
        assert max(Counter(arrived).values(), default=0) <= 1
        assert all(book.difference.minor == 0 for book in books())
        transaction.set_rollback(True)
