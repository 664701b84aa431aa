"""Invoiced ≤ cash paid − refunded, after any sequence of actions (issue 12, must show 3; money.md §6).

The actions are orders, renewals that start later, refunds of three kinds, invoices and red letters for two services of one buyer.
The result is compared only with the ledger (``invoice_check``).
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
from tests.market.invoices.applying import FILE, FILES, PATIENCE, RECEIVER, seller_member, title_of
from tests.sampling import SOAK
from tradepost.market.base.errors import Refused
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.unsubscribe import approve_refund
from tradepost.market.identity.models import Member
from tradepost.market.invoices import invoice_check
from tradepost.market.invoices.apply import Application, apply, cancel
from tradepost.market.invoices.issue import IssueData, approve, correct, issue
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.take_back import reject, return_invoice
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import Decision, RefundRequest, request_refund, withdraw
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription


class InvoiceScenario:
    """Two services of one buyer, and a clock."""

    def __init__(self, kind: str) -> None:
        self.now: datetime = NOW
        first = service(kind, members=1)
        second = bought(make_order(first.buyer, offer=Offer.objects.get(pk=first.offer_id), paid=True))
        self.services = [first.pk, second.pk]
        self.buyer, self.title, self.number = first.buyer, title_of(first.buyer).pk, 10_000_000
        self.done: list[str] = []

    def step(self, action: str, choice: int) -> None:
        self.now += timedelta(minutes=1)
        try:
            with transaction.atomic():
                getattr(self, action)(again(Subscription.objects.get(pk=self.services[choice % 2])), choice)
                self.done.append(action)
        except Refused:
            pass
        react(now=self.now)

    def apply(self, subscription: Subscription, choice: int) -> None:
        orders = Order.objects.filter(buyer=self.buyer).exclude(order_type="UNSUBSCRIBE").order_by("pk")
        numbers = [order.number for n, order in enumerate(orders) if choice >> n & 1]
        application = Application(
            orders=tuple(numbers), invoice_type="general_digital", title=self.title, receiver=RECEIVER
        )
        apply(self.buyer, application, patience=PATIENCE, a_day=500, now=self.now)

    def _of(self, choice: int, *statuses: str) -> Invoice:
        invoices = list(Invoice.objects.filter(status__in=statuses).order_by("pk"))
        if not invoices:
            raise Refused("nothing", "to do")
        return invoices[choice % len(invoices)]

    def cancel(self, subscription: Subscription, choice: int) -> None:
        cancel(self._of(choice, "review", "to_issue", "done"), now=self.now)

    def reject(self, subscription: Subscription, choice: int) -> None:
        invoice = self._of(choice, "review", "to_issue", "done", "rejected")
        reject(invoice, "no", by=seller_member(invoice), now=self.now)

    def _issue_data(self, invoice: Invoice) -> IssueData:
        self.number += 1
        return IssueData(by=seller_member(invoice), number=str(self.number), files=FILES, file=FILE)

    def issue(self, subscription: Subscription, choice: int) -> None:
        invoice = self._of(choice, "review", "to_issue")
        if invoice.status == "review":
            approve(invoice, by=seller_member(invoice), now=self.now)
        issue(invoice, self._issue_data(invoice), now=self.now)

    def correct(self, subscription: Subscription, choice: int) -> None:
        invoice = self._of(choice, "done", "review")
        correct(invoice, self._issue_data(invoice), red_letter="RL-0001", now=self.now)

    def return_issued(self, subscription: Subscription, choice: int) -> None:
        invoice = self._of(choice, "done", "to_issue", "returned")
        return_invoice(invoice, red_letter="RL-0001", reason="why", by=seller_member(invoice), now=self.now)

    def renew(self, subscription: Subscription, choice: int) -> None:
        renewed(subscription, now=self.now)
        self._answer()

    def _answer(self) -> None:
        while (call := Call.objects.exclude(state=State.ENDED).order_by("pk").first()) is not None:
            done(call, now=self.now)

    def unsubscribe(self, subscription: Subscription, choice: int) -> None:
        asked(subscription, ("no_reason", "cancel_renewal")[choice % 3 == 0], now=self.now)
        self._answer()

    def request_refund(self, subscription: Subscription, choice: int) -> None:
        request = RefundRequest(
            subscription=subscription.pk, amount_minor=choice * 700 + 1, reason="It does not start."
        )
        request_refund(subscription.buyer, request, rules=RULES, patience=REFUND_PATIENCE, a_day=500, now=self.now)

    def agree(self, subscription: Subscription, choice: int) -> None:
        refund = Refund.objects.filter(status="seller_review").order_by("pk").first()
        if refund is None:
            raise Refused("nothing", "to do")
        by = Member.objects.filter(seller=refund.seller_id).order_by("pk")[0].user
        if choice % 3 == 0:
            withdraw(refund, now=self.now)
        else:
            approve_refund(refund, Decision(by=by, by_operator=False, opinion="fine"), rules=RULES, now=self.now)
            self._answer()

    def advance_days(self, subscription: Subscription, choice: int) -> None:
        self.now += timedelta(days=choice)
        passes(self.now)
        self._answer()


ACTIONS = ("apply", "apply", "issue", "return_issued", "correct", "cancel", "reject", "renew", "unsubscribe", "request_refund", "agree", "advance_days")  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(1, 15)), min_size=6, max_size=30 if SOAK else 16)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["saas_v2", "license_v1"])
@settings(
    max_examples=60 if SOAK else 3, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(steps=STEPS)
def test_invoiced_never_exceeds_paid_minus_refunded(kind: str, steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        scenario = InvoiceScenario(kind)
        for action, choice in steps:
            scenario.step(action, choice)
            assert invoice_check.problems() == [], (action, scenario.done)
        assert ledger.verify().problems == ()
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_fixed_sequence_of_all_actions() -> None:
    """Each action of the random test above succeeds at least once, so that the random test is known to cover them."""
    scenario = InvoiceScenario("license_v1")
    for action, choice in [
        ("apply", 3), ("issue", 1), ("correct", 1), ("request_refund", 1), ("return_issued", 1), ("request_refund", 1), ("apply", 3), ("agree", 1),
        ("renew", 2), ("apply", 5), ("apply", 1), ("apply", 2), ("reject", 1), ("apply", 2), ("cancel", 1),
    ]:  # fmt: skip
        scenario.step(action, choice)
        assert invoice_check.problems() == [], action
    assert {
        "apply",
        "issue",
        "correct",
        "return_issued",
        "request_refund",
        "agree",
        "renew",
        "reject",
        "cancel",
    } <= set(scenario.done)
    assert ledger.verify().problems == ()
