"""Random acts of buyer, seller, operator and clock: money and periods add up, and market and seller agree at the end.

The seller is a model that remembers each call. Calls end as the engine ends them; reactions run later or at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests import sampling
from tests.factories import make_address, make_buyer, make_offer, make_operator, make_product, make_seller
from tests.factories.products import MONTHLY, YEARLY
from tests.market.engine import LOST, REFUSED_CONNECTION, answer, give_up, react
from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.base.work import State
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import refund_order, stopped_orders
from tradepost.market.fulfilment.restart import restart
from tradepost.market.orders import refund_check
from tradepost.market.orders.buy import buy, renew
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.orders.renew import RenewService, renewal_options
from tradepost.market.payments import ledger
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.market.wiring import TASKS
from tradepost.protocols.commands import CallResult, Create, Expire, InstanceStatus, Refresh, Release, SetStatus

DAY = timedelta(days=1)
STEPS = (
    "order", "order unpaid", "pay", "cancel", "renew", "renew", "tried", "done", "newest done", "lost", "failed", "restart", "pay back", "tell",
    "tell", "week", "month",
)  # fmt: skip
REFRESH_THAWS = {"saas_v1": True, "saas_v2": False, "license_v1": True, "license_online": False}
PRODUCT_TYPES = {"saas_v1": "SAAS", "saas_v2": "SAAS", "license_v1": "LICENSE", "license_online": "LICENSE"}
"""Protocols with an activity for an expiry, where a refresh ends the freeze."""


@dataclass
class Instance:
    """The state of an instance at the seller."""

    frozen: bool = False
    expires_at: datetime | None = None
    deleted: bool = False


@dataclass
class World:
    """One buyer, one product, one seller, and a clock."""

    protocol: str
    now: datetime = datetime(2026, 1, 31, 1, 30, tzinfo=UTC)
    """The 31st of a month, so that month arithmetic is tested."""
    instances: dict[int | None, Instance] = field(default_factory=dict)
    """By subscription: a new one may open while the last one is still being released."""
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        seller = make_seller()
        address = make_address(seller, protocol=self.protocol)
        self.product = make_product(
            seller,
            address=address,
            product_type=PRODUCT_TYPES[self.protocol],
            prices=(MONTHLY, YEARLY),
            access_by_message=True,
        )
        self.seller, self.buyer, self.operator = seller, make_buyer(balance="3000"), make_operator()
        Event.objects.all().delete()

    def step(self, what: str) -> None:
        try:
            with transaction.atomic():
                getattr(self, f"_{what.replace(' ', '_')}")()
        except Refused as refused:
            self.refused.append(refused.code)

    # --- people ---

    def _order(self) -> None:
        if not Subscription.objects.filter(status__in=["opening", "active", "frozen"]).exists():
            command = PlaceOrder(product_id=make_offer(self.product).product_id, agreed=True)
            buy(self.buyer, command, now=self.now, unpaid_timeout=10 * DAY)
            self._pay()
            self._tell()

    def _order_unpaid(self) -> None:
        """A renewal that stays unpaid, as in another tab."""
        subscription = Subscription.objects.select_related("offer").order_by("-pk").first()
        if subscription is not None and renewal_options(subscription):
            command = RenewService(
                subscription=subscription.pk, product_id=subscription.offer.product_id, periods=1, agreed=True
            )
            renew(self.buyer, command, now=self.now, unpaid_timeout=10 * DAY)

    def _renew(self) -> None:
        self._order_unpaid()
        self._pay()

    def _unpaid(self) -> Order | None:
        return Order.objects.filter(status=Order.Status.UNPAID).order_by("-pk").first()

    def _pay(self) -> None:
        if order := self._unpaid():
            pay_order(order, now=self.now)

    def _cancel(self) -> None:
        if order := self._unpaid():
            cancel_order(order, actor=self.buyer.email, now=self.now)

    def _pay_back(self) -> None:
        if order := stopped_orders().first():
            refund_order(order, reason="agreed", actor=self.operator.email, now=self.now)

    def _restart(self) -> None:
        if operation := Operation.objects.filter(status="stopped").order_by("-pk").first():
            restart(operation, actor="seller", now=self.now)

    # --- the seller and the engine ---

    def _end_call(self, result: CallResult | None, *, reached_seller: bool, first: str = "pk") -> None:
        call = Call.objects.exclude(state=State.ENDED).order_by(first).first()
        if call is None:
            return
        self.now += timedelta(seconds=1)
        if reached_seller:
            self._apply_at_seller(call)
        Call.objects.filter(pk=call.pk, state=State.HELD).update(state=State.WAITING)
        if result is None:
            answer(call, now=self.now)
        else:
            give_up(call, result, now=self.now)

    def _apply_at_seller(self, call: Call) -> None:
        instance = self.instances.setdefault(call.subscription_id, Instance())
        match calls.load(call.kind, call.command):
            case Create():
                instance.frozen, instance.deleted, instance.expires_at = False, False, None
            case Expire() | SetStatus(status=InstanceStatus.FREEZE):
                instance.frozen = True
            case SetStatus():
                instance.frozen = False
            case Release():
                instance.deleted = True
            case Refresh(expires_at=expires_at):
                instance.expires_at = expires_at
                instance.frozen = instance.frozen and not REFRESH_THAWS[self.protocol]

    def _done(self) -> None:
        self._end_call(None, reached_seller=True)

    def _newest_done(self) -> None:
        """Open calls may end in any order."""
        self._end_call(None, reached_seller=True, first="-pk")

    def _tried(self) -> None:
        """The first attempt fails; nobody knows whether the seller acted."""
        for call in Call.objects.exclude(state=State.ENDED):
            answer(call, LOST, now=self.now)

    def _lost(self) -> None:
        """The seller acted, but its answer was lost."""
        self._end_call(LOST, reached_seller=True)

    def _failed(self) -> None:
        self._end_call(REFUSED_CONNECTION, reached_seller=False)

    def _tell(self) -> None:
        react(now=self.now)

    def _advance(self, span: timedelta) -> None:
        """Run due timers, one moment after the other, as a sandbox's clock does."""
        end = self.now + span
        while True:
            self._tell()
            jobs.run_due(TASKS, now=self.now)
            assert not Job.objects.exclude(error="").exists(), Job.objects.exclude(error="").values_list("error")
            due = Job.objects.filter(kind__in=TASKS, due_at__gt=self.now).order_by("due_at").first()
            if due is None or due.due_at > end or Call.objects.exclude(state=State.ENDED).exists():
                break
            self.now = due.due_at
        self.now = max(self.now, end)

    def _week(self) -> None:
        self._advance(7 * DAY)

    def _month(self) -> None:
        self._advance(31 * DAY)

    # --- invariants ---

    def check_money(self) -> None:
        """A payment is held until delivery and until its time begins (business-rules §8.2); then the seller earns it."""
        seller_earnings = held_total = 0
        future_lines = set(Period.objects.filter(earned_at=None).values_list("line_number", flat=True))
        for order in Order.objects.prefetch_related("lines"):
            waits = order.status == Order.Status.COMPLETED and any(
                line.number in future_lines for line in order.lines.all()
            )
            expected = order.total_minor if waits or order.status == Order.Status.PROCESSING else 0
            assert ledger.money_in_clearing(order.number) == expected, (order.order_type, order.status)
            held_total += expected
            seller_earnings += order.total_minor if order.status == Order.Status.COMPLETED and not waits else 0
        assert ledger.seller_account(self.seller, "CNY").balance.minor == seller_earnings
        assert ledger.buyer_account(self.buyer, "CNY").balance.minor == 300_000 - seller_earnings - held_total

    def check_periods(self) -> None:
        """operations.md §6: periods follow each other, and the last one in force ends the subscription."""
        for subscription in Subscription.objects.exclude(started_at=None):
            periods = list(Period.objects.filter(subscription=subscription, cancelled_at=None).order_by("starts_at"))
            ends = [subscription.started_at, *(period.ends_at for period in periods)]
            assert [period.starts_at for period in periods] == ends[:-1]
            assert ends[-1] == subscription.expires_at

    def check_lane(self) -> None:
        """operations.md §6: frozen in the market if and only if a reason is in force, and one operation at a time."""
        for subscription in Subscription.objects.filter(status__in=["active", "frozen"]):
            reasons = Freeze.objects.filter(subscription=subscription, lifted_at=None).exists()
            assert reasons == (subscription.status == "frozen")
        running = list(Operation.objects.filter(status="running").values_list("lane", flat=True))
        assert len(running) == len(set(running))

    def check_one_change_at_a_time(self) -> None:
        open_lines = OrderLine.objects.filter(order__status__in=["unpaid", "processing"], order__order_type="RENEW")
        changed_services = list(open_lines.values_list("subscription", flat=True))
        assert len(changed_services) == len(set(changed_services))

    def check_paid_time(self) -> None:
        """Each completed order adds exactly one month."""
        for subscription in Subscription.objects.exclude(started_at=None):
            paid = OrderLine.objects.filter(subscription=subscription, order__status=Order.Status.COMPLETED).count()
            assert subscription.started_at is not None
            assert subscription.expires_at == period_end(subscription.started_at, "month", paid)

    def settle(self) -> None:
        """The seller works again: restart and complete all calls."""
        for _ in range(60):
            self._tell()
            self._restart()
            if not Call.objects.exclude(state=State.ENDED).exists():
                return
            self._done()
        raise AssertionError("calls never end")

    def check_agreed(self) -> None:
        for subscription in Subscription.objects.exclude(status__in=["opening", "failed"]):
            instance = self.instances[subscription.pk]
            assert instance.deleted == (subscription.status == "released")
            if not instance.deleted:
                assert instance.frozen == (subscription.status == "frozen")
                if subscription.expires_at is not None and subscription.expires_at > self.now:
                    assert subscription.status == "active", "its time is paid"
        assert not Order.objects.filter(order_type="RENEW", status=Order.Status.PROCESSING).exists()


@given(st.sampled_from(sorted(PRODUCT_TYPES)), st.lists(st.sampled_from(STEPS), min_size=4, max_size=16))
@example("saas_v2", ["month", "tell", "renew", "lost", "tell", "done", "tell"])
@example(
    "saas_v2", ["month", "lost", "tell", "renew", "tell", "done", "tell", "done", "tell", "restart", "done", "tell"]
)
@example("saas_v2", ["month", "tried", "renew", "tell", "newest done", "tell", "done", "tell"])
@example("saas_v2", ["renew", "tell", "failed", "tell", "pay back", "renew", "done", "tell"])
@example("saas_v2", ["renew", "tell", "failed", "month", "done", "tell", "month", "done", "tell", "restart", "done"])
@example(
    "saas_v1", ["month", "tell", "renew", "tell", "done", "tell", "done", "week", "renew", "order unpaid", "month"]
)
@example("saas_v2", ["renew", "failed", "month", "tried", "restart", "done", "done", "tell"])
@example("saas_v2", ["renew", "failed", "month", "tried", "restart", "done", "lost", "tell", "done"])
@example("license_online", ["week", "renew", "tell", "failed", "week", "week", "week"])
@example("license_v1", ["order unpaid", "renew", "month", "done", "month", "done", "tell", "order", "done", "tell"])
@example("license_online", ["month", "done", "week", "order", "newest done"])
@pytest.mark.slow
@pytest.mark.timeout(1200 if sampling.SOAK else 900)
@settings(max_examples=sampling.size(120), suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db
def test_any_history_keeps_the_money_and_ends_in_agreement_with_the_seller(protocol: str, steps: list[str]) -> None:
    """business-rules §4.1–4.5, saas-v2 §3.3–3.5, §3.10."""
    with transaction.atomic():
        world = World(protocol)
        for step in ("order", "done", "tell", "done", "tell", *steps):
            world.step(step)
            world.check_money()
            world.check_one_change_at_a_time()
            world.check_paid_time()
            world.check_periods()
            world.check_lane()
        world.settle()
        assert ledger.verify().problems == ()
        assert refund_check.problems() == []
        world.check_money()
        world.check_paid_time()
        world.check_agreed()
        transaction.set_rollback(True)
