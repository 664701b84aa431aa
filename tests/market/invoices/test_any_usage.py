"""Invoiced ≤ paid − refunded for usage, after any sequence of actions (issue 26, must show 1; money.md §6).

The actions are charges, credits, arrears, top-ups, applications, refusals, withdrawals, corrections and returns for two services of
one buyer. The result is compared with the ledger.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import make_buyer, make_member, make_seller
from tests.factories.metering import ZONE, make_metered, make_package, on_demand, package
from tests.market.engine import react
from tests.market.invoices.applying import FILE, FILES, PATIENCE, RECEIVER, seller_member, title_of
from tests.market.invoices.usage import MARCH_ENDS, charge_all, problems, top_up, use, void_record
from tests.sampling import SOAK
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.billing import usage_months
from tradepost.market.billing.models import Charge, UsageMonth
from tradepost.market.catalog.document import Price, UsageBand
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.invoices.apply import Application, apply, cancel
from tradepost.market.invoices.issue import IssueData, approve, correct, issue
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.take_back import reject, return_invoice
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STARTED_AT = MARCH_ENDS - 3 * DAY
"""Usage falls into two months of the market's time zone."""
BANDS = (UsageBand(upto=Decimal(10), amount=Decimal(1)), UsageBand(amount=Decimal("0.5")))
PRICES: dict[str, tuple[Price, tuple[Price, ...]]] = {
    "linear": (on_demand(amount=Decimal("0.335")), ()),
    "tier": (on_demand(model=PriceModel.TIER, accumulation="month", amount=None, bands=BANDS), ()),
    "package": (on_demand(amount=Decimal(1)), (package(12),)),
}


class UsageScenario:
    """Two services of one buyer and seller, and a clock."""

    def __init__(self, kind: str) -> None:
        self.now = STARTED_AT
        price, packages = PRICES[kind]
        seller = make_seller(now=STARTED_AT)
        make_member(seller, make_buyer(balance="0"))
        self.buyer = make_buyer(balance="0")
        self.services = [
            make_metered(price=price, packages=packages, seller=seller, buyer=self.buyer, started_at=STARTED_AT) for _ in range(2)
        ]  # fmt: skip
        top_up(self.buyer, "500", now=STARTED_AT)
        if packages:
            make_package(self.services[0], quota=12, now=STARTED_AT)
        self.title, self.number, self.hour = title_of(self.buyer).pk, 10_000_000, [0, 0]
        self.done: list[str] = []

    def step(self, action: str, choice: int) -> None:
        self.now += timedelta(minutes=1)
        try:
            with transaction.atomic():
                getattr(self, action)(self.services[choice % 2], choice)
                self.done.append(action)
        except (Refused, IllegalTransition):
            pass
        react(now=self.now)

    def use(self, subscription: Subscription, choice: int) -> None:
        """Report usage, some of it late and before other usage of its month."""
        position = self.hour[choice % 2]
        at = STARTED_AT + (position * 7 % 160) * HOUR
        self.hour[choice % 2] += 1
        self.now = max(self.now, at + HOUR)
        use(subscription, choice, at=at, now=self.now)

    def charge(self, subscription: Subscription, choice: int) -> None:
        charge_all(now=self.now)

    def spend(self, subscription: Subscription, choice: int) -> None:
        """Use more than the balance, so that arrears start."""
        self.use(subscription, 300 + choice)
        charge_all(now=self.now)

    def pay(self, subscription: Subscription, choice: int) -> None:
        top_up(self.buyer, str(choice * 10), now=self.now)

    def void(self, subscription: Subscription, choice: int) -> None:
        """Void a record as its page does, or as if it was requested before the application."""
        records = list(Record.objects.filter(sign=1, voided=False).order_by("pk"))
        if not records:
            raise Refused("nothing", "to do")
        record = records[choice % len(records)]
        if choice % 3:
            void_record(record, now=self.now)
        else:
            void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=self.now)

    def apply(self, subscription: Subscription, choice: int) -> None:
        months = UsageMonth.objects.order_by("pk")
        usage = tuple(month.key for n, month in enumerate(months) if choice >> n & 1)
        application = Application(usage=usage, invoice_type="general_digital", title=self.title, receiver=RECEIVER)
        apply(self.buyer, application, patience=PATIENCE, a_day=500, now=self.now)

    def _of(self, choice: int, *statuses: str) -> Invoice:
        invoices = list(Invoice.objects.filter(status__in=statuses).order_by("pk"))
        if not invoices:
            raise Refused("nothing", "to do")
        return invoices[choice % len(invoices)]

    def cancel(self, subscription: Subscription, choice: int) -> None:
        cancel(self._of(choice, "review", "to_issue", "done"), now=self.now)

    def reject(self, subscription: Subscription, choice: int) -> None:
        invoice = self._of(choice, "review", "done", "rejected")
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
        invoice = self._of(choice, "done", "returned")
        return_invoice(invoice, red_letter="RL-0001", reason="why", by=seller_member(invoice), now=self.now)

    def advance_days(self, subscription: Subscription, choice: int) -> None:
        self.now += timedelta(days=choice)
        charge_all(now=self.now)


ACTIONS = (
    "use", "use", "charge", "spend", "pay", "void", "void", "apply", "apply", "issue", "return_issued", "correct", "cancel", "reject", "advance_days",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(1, 15)), min_size=8, max_size=40 if SOAK else 18)


def check_scenario(scenario: UsageScenario, action: str) -> None:
    assert problems() == [], (action, scenario.done)
    has_debt = Charge.objects.filter(open_minor__gt=0).exists()
    assert not (has_debt and ledger.buyer_account(scenario.buyer, "CNY").balance.minor), (
        "money.md §6: balance = 0 or debt = 0"
    )
    for credit in Charge.objects.filter(waiting_minor__gt=0).select_related("accumulation"):
        month = usage_months.month_of_charge(credit)
        assert month is not None
        assert month.paid_minor == month.invoiced_minor > 0, "a credit waits only while an invoice covers all payments"
        begin, end = usage_months.month_bounds(month.month)
        month_charges = Charge.objects.filter(
            subscription=credit.subscription_id, accumulation__start__gte=begin, accumulation__start__lt=end
        )
        assert not month_charges.filter(open_minor__gt=0), (
            "decision 0085: a credit first reduces usage of its own month"
        )


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("kind", PRICES)
@settings(
    max_examples=60 if SOAK else 3, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(steps=STEPS)
def test_invoiced_usage_never_exceeds_paid_minus_refunded(kind: str, steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        scenario = UsageScenario(kind)
        for action, choice in [("use", 7), ("use", 8), ("advance_days", 10), *steps]:
            scenario.step(action, choice)
            check_scenario(scenario, action)
        transaction.set_rollback(True)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("kind", PRICES)
def test_fixed_sequence_of_all_usage_actions(kind: str) -> None:
    """Each action of the random test above succeeds at least once, so that the random test is known to cover them."""
    scenario = UsageScenario(kind)
    for action, choice in [
        ("use", 9), ("use", 8), ("use", 7), ("charge", 1), ("advance_days", 10), ("apply", 1), ("void", 3), ("charge", 1), ("issue", 1),
        ("correct", 1), ("return_issued", 1), ("apply", 3), ("reject", 1), ("apply", 1), ("cancel", 1), ("void", 4), ("charge", 1),
        ("spend", 1), ("pay", 15), ("apply", 3), ("use", 15), ("advance_days", 1), ("void", 6), ("advance_days", 1), ("issue", 1), ("return_issued", 1),
    ]:  # fmt: skip
        scenario.step(action, choice)
        check_scenario(scenario, action)
    assert set(ACTIONS) <= set(scenario.done)
