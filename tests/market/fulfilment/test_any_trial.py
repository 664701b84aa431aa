"""Random acts on a service in a sandbox: money, periods, reasons and lanes agree after each step.

At the end everything is restarted, and market and seller agree. The seller is a model that remembers each call, even
when its answer is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.factories import NOW
from tests.market.engine import LOST, REFUSED_CONNECTION, answer, give_up, react
from tests.market.fulfilment.services import BY, again, command, offers, ordered, service
from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.base.work import State
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import refund_order, stopped_orders
from tradepost.market.fulfilment.restart import restart
from tradepost.market.fulfilment.sandbox import SandboxAct, Target, start_act
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger
from tradepost.market.production.models import Binding, Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.wiring import TASKS
from tradepost.protocols.commands import CallResult, Expire, InstanceStatus, Refresh, Release, SetStatus

DAY = timedelta(days=1)
REFRESH_THAWS = {"saas_v1": True, "saas_v2": False, "license_v1": True, "license_online": False}
"""Protocols that freeze only at the end of the paid time and thaw by a refresh."""
STEPS = (
    "freeze", "freeze", "unfreeze", "renew", "cancel_renewal", "upgrade", "renew_changed", "release", "buy", "buy", "done", "done",
    "done", "lost", "failed", "tried", "restart", "pay back", "unbind", "bind", "tell", "tell", "week", "month",
)  # fmt: skip


@dataclass
class World:
    """A service, its seller's server, and a clock."""

    protocol: str
    now: datetime = NOW
    frozen: bool = False
    """The state at the seller's server."""
    deleted: bool = False
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.subscription = service(self.protocol)
        self.buyer, self.seller = self.subscription.buyer, self.subscription.seller
        self.address = Binding.objects.get().address
        self.started_with = ledger.buyer_account(self.buyer, "CNY").balance_minor

    def current(self) -> Subscription:
        return again(self.subscription)

    def step(self, what: str) -> None:
        try:
            with transaction.atomic():
                if what in set(Act):
                    self.try_act(Act(what))
                else:
                    getattr(self, f"_{what.replace(' ', '_')}")()
        except Refused as refused:
            self.refused.append(refused.code)

    def try_act(self, act: Act) -> None:
        target = Target(offers(self.subscription)[2], 3)
        start_act(
            SandboxAct(subscription=self.subscription, act=act, actor=BY, now=self.now, target=target), sandbox=True
        )

    def _buy(self) -> None:
        """A renewal ordered and paid by the buyer."""
        pay_order(
            ordered(self.subscription, now=self.now, product_id=offers(self.subscription)[0].product_id), now=self.now
        )

    def _pay_back(self) -> None:
        if order := stopped_orders().first():
            refund_order(order, reason="agreed", actor=BY, now=self.now)

    def _restart(self) -> None:
        if operation := Operation.objects.filter(status="stopped").order_by("-pk").first():
            restart(operation, actor="seller", now=self.now)

    def _unbind(self) -> None:
        Binding.objects.all().delete()

    def _bind(self) -> None:
        Binding.objects.get_or_create(product=self.subscription.product, defaults={"address": self.address})

    def _tell(self) -> None:
        react(now=self.now)

    # --- the seller and the engine ---

    def _end_call(self, result: CallResult | None, *, reached_seller: bool) -> None:
        call = Call.objects.exclude(state=State.ENDED).order_by("pk").first()
        if call is None:
            return
        self.now += timedelta(seconds=1)
        if reached_seller:
            self.apply_at_seller(call)
        if result is None:
            answer(call, now=self.now)
        else:
            give_up(call, result, now=self.now)

    def apply_at_seller(self, call: Call) -> None:
        match command(call):
            case Expire() | SetStatus(status=InstanceStatus.FREEZE):
                self.frozen = True
            case SetStatus():
                self.frozen = False
            case Release():
                self.deleted = True
            case Refresh():
                self.frozen = self.frozen and not REFRESH_THAWS[self.protocol]

    def _done(self) -> None:
        self._end_call(None, reached_seller=True)

    def _lost(self) -> None:
        self._end_call(LOST, reached_seller=True)

    def _failed(self) -> None:
        self._end_call(REFUSED_CONNECTION, reached_seller=False)

    def _tried(self) -> None:
        for call in Call.objects.exclude(state=State.ENDED):
            answer(call, LOST, now=self.now)

    def advance(self, span: timedelta) -> None:
        end = self.now + span
        while True:
            self._tell()
            jobs.run_due(TASKS, now=self.now)
            assert not Job.objects.exclude(error="").exists(), Job.objects.exclude(error="").values_list("error")
            due = Job.objects.filter(kind__in=TASKS, due_at__gt=self.now).order_by("due_at").first()
            if due is None or due.due_at > end:
                break
            self.now = due.due_at
        self.now = max(self.now, end)
        self._tell()

    def _week(self) -> None:
        self.advance(7 * DAY)

    def _month(self) -> None:
        self.advance(31 * DAY)

    # --- invariants ---

    def check(self) -> None:
        self.check_lane()
        self.check_periods()
        self.check_money()

    def check_lane(self) -> None:
        """operations.md §6: frozen if and only if a reason is in force, and one operation at a time."""
        subscription = self.current()
        reasons = Freeze.objects.filter(subscription=subscription, lifted_at=None).exists()
        assert subscription.status not in {"active", "frozen"} or reasons == (subscription.status == "frozen")
        assert Operation.objects.filter(status="running").count() <= 1

    def check_periods(self) -> None:
        """operations.md §6: periods follow each other, and the last one in force ends the paid time."""
        subscription = self.current()
        periods = list(Period.objects.filter(subscription=subscription, cancelled_at=None).order_by("starts_at"))
        ends = [subscription.started_at, *(period.ends_at for period in periods)]
        assert [period.starts_at for period in periods] == ends[:-1]
        assert ends[-1] == subscription.expires_at

    def check_money(self) -> None:
        """A payment is held while its order is under way or its time is to come; then the seller earns it or the buyer
        has it back."""
        future_lines = Period.objects.filter(earned_at=None, cancelled_at=None).values_list("line_number", flat=True)
        waits = set(OrderLine.objects.filter(number__in=list(future_lines)).values_list("order", flat=True))
        held_total = 0
        for order in Order.objects.all():
            expected = order.total_minor if order.status == "processing" or order.pk in waits else 0
            assert ledger.money_in_clearing(order.number) == expected, (order.order_type, order.status)
            held_total += expected
        paid = sum(
            Period.objects.filter(cancelled_at=None).exclude(earned_at=None).values_list("paid_minor", flat=True)
        )
        cancelled = Period.objects.exclude(cancelled_at=None).exclude(earned_at=None)
        seller_earnings = paid + sum(cancelled.values_list("paid_minor", flat=True))
        assert ledger.seller_account(self.seller, "CNY").balance.minor == seller_earnings
        first = Order.objects.get(order_type="NEW").total_minor
        assert ledger.buyer_account(self.buyer, "CNY").balance_minor == self.started_with - held_total - (
            seller_earnings - first
        )

    # --- at the end ---

    def settle(self) -> None:
        """Restart and complete everything."""
        self._bind()
        for _ in range(80):
            self._tell()
            self.step("restart")
            if Call.objects.exclude(state=State.ENDED).exists():
                self._done()
            elif not Operation.objects.filter(status__in=["queued", "running", "stopped"]).exists():
                return
        raise AssertionError("operations never end")

    def check_agreed(self) -> None:
        """operations.md §4: at the end the seller has frozen it if and only if a reason is in force that the protocol
        can tell."""
        assert not Event.objects.exists()
        subscription = self.current()
        assert self.deleted == (subscription.status == "released"), subscription.status
        assert not Order.objects.filter(status="processing").exists()
        if self.deleted:
            return
        reasons = set(Freeze.objects.filter(subscription=subscription, lifted_at=None).values_list("reason", flat=True))
        reported_reasons = reasons - {"operator"} if REFRESH_THAWS[self.protocol] else reasons
        assert self.frozen == bool(reported_reasons)
        assert subscription.seller_state == ("frozen" if reported_reasons else "active")


@pytest.mark.slow
@given(st.sampled_from(sorted(REFRESH_THAWS)), st.lists(st.sampled_from(STEPS), min_size=4, max_size=18))
@example("saas_v2", ["freeze", "done", "tell", "buy", "tell", "done", "tell", "unfreeze", "lost", "tell"])
@example("saas_v2", ["buy", "tell", "done", "tell", "cancel_renewal", "lost", "tell", "month", "week", "week", "week"])
@example("saas_v2", ["buy", "tell", "done", "tell", "release", "tell", "failed", "tell", "month"])
@example("saas_v1", ["freeze", "tried", "buy", "tell", "done", "tell", "lost", "tell", "freeze"])
@example("license_online", ["unbind", "freeze", "month", "bind", "week", "week", "week"])
@example("saas_v2", ["unbind", "month", "bind"])
@example("saas_v1", ["unbind", "month", "buy", "tell", "bind"])
@example("license_v1", ["buy", "tell", "failed", "tell", "release", "tell", "unbind", "failed", "tell"])
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db
def test_any_sandbox_history_keeps_the_money_and_ends_in_agreement_with_the_seller(
    protocol: str, steps: list[str]
) -> None:
    """business-rules §4.1–4.5, §4.7, §8.2; saas-v2 §3.3–3.6, §3.10; saas-v1-license A2, B1."""
    with transaction.atomic():
        world = World(protocol)
        for step in steps:
            world.step(step)
            world.check()
        world.settle()
        world.check()
        world.check_agreed()
        assert ledger.verify().problems == ()
        transaction.set_rollback(True)
