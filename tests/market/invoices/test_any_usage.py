"""Invoiced ≤ paid − refunded for usage, whatever happens in which order (issue 26, must show 1; money.md §6).

Charges, credits, arrears, top-ups, applications, refusals, withdrawals, corrections and returns over two services of one buyer; the
ledger is the other side of the comparison.
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
from tests.market.invoices.applying import FILE, FILES, PATIENCE, RECEIVER, seller_person, title_of
from tests.market.invoices.usage import MARCH_ENDS, charge_all, problems, top_up, use, void_it
from tests.sampling import SOAK
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.billing import usage_months
from tradepost.market.billing.models import Charge, UsageMonth
from tradepost.market.catalog.document import Price, UsageBand
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.invoices.apply import Application, apply, cancel
from tradepost.market.invoices.issue import Issue, approve, correct, issue
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.take_back import reject, take_back
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BEGAN = MARCH_ENDS - 3 * DAY
"""So that usage is of two months of the market's time zone."""
BANDS = (UsageBand(upto=Decimal(10), amount=Decimal(1)), UsageBand(amount=Decimal("0.5")))
PRICES: dict[str, tuple[Price, tuple[Price, ...]]] = {
    "linear": (on_demand(amount=Decimal("0.335")), ()),
    "tier": (on_demand(model=PriceModel.TIER, accumulation="month", amount=None, bands=BANDS), ()),
    "package": (on_demand(amount=Decimal(1)), (package(12),)),
}


class Shop:
    """Two services of one buyer and seller, and a clock."""

    def __init__(self, kind: str) -> None:
        self.now = BEGAN
        price, packages = PRICES[kind]
        seller = make_seller(now=BEGAN)
        make_member(seller, make_buyer(balance="0"))
        self.buyer = make_buyer(balance="0")
        self.services = [
            make_metered(price=price, packages=packages, seller=seller, buyer=self.buyer, started_at=BEGAN) for _ in range(2)
        ]  # fmt: skip
        top_up(self.buyer, "500", now=BEGAN)
        if packages:
            make_package(self.services[0], quota=12, now=BEGAN)
        self.title, self.number, self.hour = title_of(self.buyer).pk, 10_000_000, [0, 0]
        self.done: list[str] = []

    def step(self, act: str, which: int) -> None:
        self.now += timedelta(minutes=1)
        try:
            with transaction.atomic():
                getattr(self, act)(self.services[which % 2], which)
                self.done.append(act)
        except (Refused, IllegalTransition):
            pass
        react(now=self.now)

    def use(self, held: Subscription, which: int) -> None:
        """Some of it late, and before other usage of its month."""
        place = self.hour[which % 2]
        at = BEGAN + (place * 7 % 160) * HOUR
        self.hour[which % 2] += 1
        self.now = max(self.now, at + HOUR)
        use(held, which, at=at, now=self.now)

    def charge(self, held: Subscription, which: int) -> None:
        charge_all(now=self.now)

    def spend(self, held: Subscription, which: int) -> None:
        """More than the balance, so that arrears begin."""
        self.use(held, 300 + which)
        charge_all(now=self.now)

    def pay(self, held: Subscription, which: int) -> None:
        top_up(self.buyer, str(which * 10), now=self.now)

    def void(self, held: Subscription, which: int) -> None:
        """By its page, or as it was asked for before the application."""
        records = list(Record.objects.filter(sign=1, voided=False).order_by("pk"))
        if not records:
            raise Refused("nothing", "to do")
        record = records[which % len(records)]
        if which % 3:
            void_it(record, now=self.now)
        else:
            void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=self.now)

    def apply(self, held: Subscription, which: int) -> None:
        months = UsageMonth.objects.order_by("pk")
        usage = tuple(one.key for n, one in enumerate(months) if which >> n & 1)
        wanted = Application(usage=usage, invoice_type="general_digital", title=self.title, receiver=RECEIVER)
        apply(self.buyer, wanted, patience=PATIENCE, a_day=500, now=self.now)

    def _of(self, which: int, *statuses: str) -> Invoice:
        found = list(Invoice.objects.filter(status__in=statuses).order_by("pk"))
        if not found:
            raise Refused("nothing", "to do")
        return found[which % len(found)]

    def cancel(self, held: Subscription, which: int) -> None:
        cancel(self._of(which, "review", "to_issue", "done"), now=self.now)

    def reject(self, held: Subscription, which: int) -> None:
        one = self._of(which, "review", "done", "rejected")
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
        one = self._of(which, "done", "returned")
        take_back(one, red_letter="RL-0001", reason="why", by=seller_person(one), now=self.now)

    def days(self, held: Subscription, which: int) -> None:
        self.now += timedelta(days=which)
        charge_all(now=self.now)


ACTS = (
    "use", "use", "charge", "spend", "pay", "void", "void", "apply", "apply", "issue", "take_back", "correct", "cancel", "reject", "days",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 15)), min_size=8, max_size=40 if SOAK else 18)


def check(shop: Shop, act: str) -> None:
    assert problems() == [], (act, shop.done)
    owed = Charge.objects.filter(open_minor__gt=0).exists()
    assert not (owed and ledger.buyer_account(shop.buyer, "CNY").balance.minor), "money.md §6: balance = 0 or debt = 0"
    for waiting in Charge.objects.filter(waiting_minor__gt=0).select_related("accumulation"):
        month = usage_months.month_of_charge(waiting)
        assert month is not None
        assert month.paid_minor == month.invoiced_minor > 0, "a credit waits only while an invoice covers all payments"
        begin, end = usage_months.bounds(month.month)
        of_month = Charge.objects.filter(
            subscription=waiting.subscription_id, accumulation__start__gte=begin, accumulation__start__lt=end
        )
        assert not of_month.filter(open_minor__gt=0), "decision 0085: a credit first reduces usage of its own month"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", PRICES)
@settings(
    max_examples=60 if SOAK else 3, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(steps=STEPS)
def test_usage_is_never_invoiced_for_more_than_was_paid_less_refunds(kind: str, steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        shop = Shop(kind)
        for act, which in [("use", 7), ("use", 8), ("days", 10), *steps]:
            shop.step(act, which)
            check(shop, act)
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", PRICES)
def test_a_long_life_of_usage(kind: str) -> None:
    """All acts of the walk above are possible at least once, so that it is known to do something."""
    shop = Shop(kind)
    for act, which in [
        ("use", 9), ("use", 8), ("use", 7), ("charge", 1), ("days", 10), ("apply", 1), ("void", 3), ("charge", 1), ("issue", 1),
        ("correct", 1), ("take_back", 1), ("apply", 3), ("reject", 1), ("apply", 1), ("cancel", 1), ("void", 4), ("charge", 1),
        ("spend", 1), ("pay", 15), ("apply", 3), ("use", 15), ("days", 1), ("void", 6), ("days", 1), ("issue", 1), ("take_back", 1),
    ]:  # fmt: skip
        shop.step(act, which)
        check(shop, act)
    assert set(ACTS) <= set(shop.done)
