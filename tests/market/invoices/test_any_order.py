"""Invoiced ≤ cash paid − refunded, always, whatever happens in which order (issue 12, must show 3; money.md §6).

Orders, renewals that begin later, refunds of three kinds, invoices and red letters over two services of one buyer; the ledger is the
other side of the comparison (``invoice_check``), and nothing else of the code under test judges it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOW, make_order
from tests.market.engine import react
from tests.market.fulfilment.refund_acts import PATIENCE as REFUND_PATIENCE
from tests.market.fulfilment.services import again, bought, done, passes, renewed, service
from tests.market.fulfilment.unsubscribing import RULES, asked
from tests.market.invoices.applying import FILE, FILES, PATIENCE, RECEIVER, seller_person, title_of
from tests.sampling import SOAK
from tradepost.market.base.errors import Refused
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.unsubscribe import agree
from tradepost.market.identity.models import Member
from tradepost.market.invoices import invoice_check
from tradepost.market.invoices.apply import Application, apply, cancel
from tradepost.market.invoices.issue import Issue, approve, correct, issue
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.take_back import reject, take_back
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import AskForRefund, Decision, ask_for_refund, withdraw
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription


class Shop:
    """Two services of one buyer, and a clock."""

    def __init__(self, kind: str) -> None:
        self.now: datetime = NOW
        first = service(kind, members=1)
        second = bought(make_order(first.buyer, offer=Offer.objects.get(pk=first.offer_id), paid=True))
        self.services = [first.pk, second.pk]
        self.buyer, self.title, self.number = first.buyer, title_of(first.buyer).pk, 10_000_000
        self.done: list[str] = []

    def step(self, act: str, which: int) -> None:
        self.now += timedelta(minutes=1)
        try:
            with transaction.atomic():
                getattr(self, act)(again(Subscription.objects.get(pk=self.services[which % 2])), which)
                self.done.append(act)
        except Refused:
            pass
        react(now=self.now)

    def apply(self, held: Subscription, which: int) -> None:
        orders = Order.objects.filter(buyer=self.buyer).exclude(order_type="UNSUBSCRIBE").order_by("pk")
        numbers = [one.number for n, one in enumerate(orders) if which >> n & 1]
        wanted = Application(orders=tuple(numbers), invoice_type="general_digital", title=self.title, receiver=RECEIVER)
        apply(self.buyer, wanted, patience=PATIENCE, a_day=500, now=self.now)

    def _of(self, which: int, *statuses: str) -> Invoice:
        found = list(Invoice.objects.filter(status__in=statuses).order_by("pk"))
        if not found:
            raise Refused("nothing", "to do")
        return found[which % len(found)]

    def cancel(self, held: Subscription, which: int) -> None:
        cancel(self._of(which, "review", "to_issue", "done"), now=self.now)

    def reject(self, held: Subscription, which: int) -> None:
        one = self._of(which, "review", "to_issue", "done", "rejected")
        reject(one, "no", by=seller_person(one), now=self.now)

    def _what(self, one: Invoice) -> Issue:
        self.number += 1
        return Issue(by=seller_person(one), number=str(self.number), files=FILES, file=FILE)

    def issue(self, held: Subscription, which: int) -> None:
        one = self._of(which, "review", "to_issue")
        if one.status == "review":
            approve(one, by=seller_person(one), now=self.now)
        issue(one, self._what(one), now=self.now)

    def correct(self, held: Subscription, which: int) -> None:
        one = self._of(which, "done", "review")
        correct(one, self._what(one), red_letter="RL-0001", now=self.now)

    def take_back(self, held: Subscription, which: int) -> None:
        one = self._of(which, "done", "to_issue", "returned")
        take_back(one, red_letter="RL-0001", reason="why", by=seller_person(one), now=self.now)

    def renew(self, held: Subscription, which: int) -> None:
        renewed(held, now=self.now)
        self._answer()

    def _answer(self) -> None:
        while (call := Call.objects.exclude(state=State.ENDED).order_by("pk").first()) is not None:
            done(call, now=self.now)

    def unsubscribe(self, held: Subscription, which: int) -> None:
        asked(held, ("no_reason", "cancel_renewal")[which % 3 == 0], now=self.now)
        self._answer()

    def ask_back(self, held: Subscription, which: int) -> None:
        wanted = AskForRefund(subscription=held.pk, amount_minor=which * 700 + 1, reason="It does not start.")
        ask_for_refund(held.buyer, wanted, rules=RULES, patience=REFUND_PATIENCE, a_day=500, now=self.now)

    def agree(self, held: Subscription, which: int) -> None:
        refund = Refund.objects.filter(status="seller_review").order_by("pk").first()
        if refund is None:
            raise Refused("nothing", "to do")
        by = Member.objects.filter(seller=refund.seller_id).order_by("pk")[0].user
        if which % 3 == 0:
            withdraw(refund, now=self.now)
        else:
            agree(refund, Decision(by=by, by_operator=False, opinion="fine"), rules=RULES, now=self.now)
            self._answer()

    def days(self, held: Subscription, which: int) -> None:
        self.now += timedelta(days=which)
        passes(self.now)
        self._answer()


ACTS = ("apply", "apply", "issue", "take_back", "correct", "cancel", "reject", "renew", "unsubscribe", "ask_back", "agree", "days")  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 15)), min_size=6, max_size=30 if SOAK else 16)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["saas_v2", "license_v1"])
@settings(
    max_examples=60 if SOAK else 3, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(steps=STEPS)
def test_invoiced_is_never_more_than_paid_less_refunded(kind: str, steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        shop = Shop(kind)
        for act, which in steps:
            shop.step(act, which)
            assert invoice_check.problems() == [], (act, shop.done)
        assert ledger.verify().problems == ()
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_long_life_that_was_thought_of() -> None:
    """All that the walk above may do is possible at least once, so that it is known to do something."""
    shop = Shop("license_v1")
    for act, which in [
        ("apply", 3), ("issue", 1), ("correct", 1), ("ask_back", 1), ("take_back", 1), ("ask_back", 1), ("apply", 3), ("agree", 1),
        ("renew", 2), ("apply", 5), ("apply", 1), ("apply", 2), ("reject", 1), ("apply", 2), ("cancel", 1),
    ]:  # fmt: skip
        shop.step(act, which)
        assert invoice_check.problems() == [], act
    assert {"apply", "issue", "correct", "take_back", "ask_back", "agree", "renew", "reject", "cancel"} <= set(
        shop.done
    )
    assert ledger.verify().problems == ()
