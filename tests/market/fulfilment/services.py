"""Services in use, and what is done to them as everybody does it: the verbs, the real lease and record, the reactions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.factories.products import MONTHLY, ONCE, YEARLY, make_sku, make_spec
from tests.market.engine import LOST, answer, give_up, react
from tradepost.market.base import jobs
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.cases import protocol_of
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.order_progress import Progress, progress
from tradepost.market.fulfilment.sandbox import Target, Trial, try_out
from tradepost.market.fulfilment.sandbox_acts import Act, latest_renewals, possible
from tradepost.market.identity.models import Member
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.renew import RenewService, place_renewal
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.wiring import TASKS
from tradepost.protocols.commands import AppInfo, CallResult, Command, Create, Done, InstanceInfo

END = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
"""A month after NOW."""
NEXT_END = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
LEVEL = "V2"
"""Of its buyer: a day of grace, a week of retention (business-rules §4.4)."""
GRACE, RETENTION = timedelta(days=1), timedelta(days=7)
FREEZE, RELEASE = END + GRACE, END + GRACE + RETENTION
NEXT_FREEZE, NEXT_RELEASE = NEXT_END + GRACE, NEXT_END + GRACE + RETENTION
FIRST_REMINDER = datetime(2026, 3, 17, 1, 0, tzinfo=UTC)
BY = "engineer@your-company.example"
SPEC = make_spec(make_sku(MONTHLY, YEARLY, values={"e": "s"}, quantity_name="席位", quantity_name_en="Seats", quantity_max=50),
        make_sku(MONTHLY, YEARLY, values={"e": "l"}, quantity_name="席位", quantity_name_en="Seats", quantity_max=50), name="规格",
    name_en="Spec",
    attributes=[{"code": "e", "name": "版本", "name_en": "Edition", "values": [
        {"code": "s", "name": "标准", "name_en": "Small"}, {"code": "l", "name": "专业", "name_en": "Large"}]}])  # fmt: skip


def service(protocol: str = "saas_v2", *, once: bool = False, members: int = 0, **product: Any) -> Subscription:
    """A service that was bought, opened by its seller and delivered at NOW: a month of it, or once. All is told; its
    seller has that many ``members``."""
    shape: dict[str, Any] = {"prices": (ONCE,)} if once else {"specs": (SPEC,)}
    kind = "LICENSE" if protocol.startswith("license") else "SAAS"
    seller = make_seller()
    for _ in range(members):
        Member.objects.create(seller=seller, user=make_buyer(balance="0"))
    made = make_product(
        seller, address=make_address(seller, protocol=protocol), **({"product_type": kind} | shape | product)
    )
    return bought(make_order(make_buyer(level=LEVEL), offer=make_offer(made), paid=True))


def bought(order: Order, *, now: datetime = NOW) -> Subscription:
    """What this paid order becomes when its seller opens it at once, as it is asked. All is told."""
    react(now=now)
    while (call := Call.objects.filter(order_number=order.number).exclude(state=State.ENDED).first()) is not None:
        answer(call, opened(call), now=now)
        react(now=now)
    return again(Subscription.objects.get(order_lines__order=order))


def opened(call: Call) -> CallResult:
    """What a seller answers while a service is opened: the instance, with access data at once."""
    instance = call.instance_id or f"i-{call.pk}"
    access = InstanceInfo(instance_id=instance, app=AppInfo(front_end_url="https://app.example/"))
    return Done(instance_id=instance if call.kind == Create.__name__ else "", instances=(access,))


def again(subscription: Subscription) -> Subscription:
    return Subscription.objects.select_related("buyer", "seller", "product", "offer__sku").get(pk=subscription.pk)


def command(call: Call) -> Command:
    return calls.load(call.kind, call.command)


def open_call() -> Call:
    """The only call that is being made, or waits."""
    return Call.objects.exclude(state=State.ENDED).get()


def done(call: Call, *, now: datetime = NOW) -> None:
    """The seller does it, and everybody learns of it."""
    answer(call, now=now)
    react(now=now)


def answered(call: Call, *, now: datetime = NOW) -> None:
    """The same, with all that a buyer enters by where a creation is asked for."""
    answer(call, opened(call) if call.kind == Create.__name__ else None, now=now)
    react(now=now)


def failed(call: Call, result: CallResult = LOST, *, now: datetime = NOW) -> None:
    """The plan of the call is over, and everybody learns of it."""
    give_up(call, result, now=now)
    react(now=now)


def begun(subscription: Subscription, act: Act, *, now: datetime = NOW) -> Operation | None:
    """Tried out; None when nothing of its seller is asked, since it is so already, or another reason stands."""
    operation = try_out(Trial(subscription=subscription, act=act, actor=BY, now=now), sandbox=True)
    react(now=now)
    return operation


def tried(subscription: Subscription, act: Act, target: Target | None = None, *, now: datetime = NOW) -> Operation:
    """Tried out in a sandbox by an engineer."""
    trial = Trial(subscription=subscription, act=act, actor=BY, now=now, target=target)
    operation = try_out(trial, sandbox=True)
    assert operation is not None
    react(now=now)
    return operation


def ordered(subscription: Subscription, *, now: datetime = NOW, product_id: str = "") -> Order:
    """A renewal by a period, unpaid."""
    chosen = product_id or again(subscription).offer.product_id
    choice = RenewService(subscription=subscription.pk, product_id=chosen, periods=1, agreed=True)
    return place_renewal(subscription.buyer, choice, now=now, unpaid_timeout=timedelta(days=1))


def renewed(subscription: Subscription, *, now: datetime = NOW, product_id: str = "") -> Order:
    """Ordered and paid by its buyer, and told to whom it concerns."""
    order = ordered(subscription, now=now, product_id=product_id)
    pay_order(order, now=now)
    react(now=now)
    return Order.objects.select_related("buyer").get(pk=order.pk)


def passes(now: datetime) -> None:
    """The timers that are due by then, each at its own moment, and what follows from them."""
    from tradepost.market.base.models import Job

    while (due := Job.objects.filter(kind__in=TASKS, due_at__lte=now).order_by("due_at").first()) is not None:
        jobs.run_due(TASKS, now=due.due_at)
        failed_jobs = list(Job.objects.exclude(error="").values_list("kind", "error"))
        assert not failed_jobs, failed_jobs
        react(now=due.due_at)


def offers(subscription: Subscription) -> list[Offer]:
    """Small by month and year, large by month and year."""
    own = Offer.objects.select_related("sku__spec__product__seller").filter(sku__spec__product=subscription.product)
    return list(own.order_by("sku", "pk"))


def acts(subscription: Subscription) -> frozenset[Act]:
    """What the try-out page offers for it now."""
    found = again(subscription)
    reasons = set(Freeze.objects.filter(subscription=found, lifted_at=None).values_list("reason", flat=True))
    renewed_last = latest_renewals([found]).get(found.pk, False)
    return possible(found, protocol_of(found), renewed=renewed_last, reasons=reasons)


def progress_of(order: Order) -> Progress:
    """As its buyer sees it."""
    found = buyer_order(order.buyer, order.number)
    assert found is not None
    return progress(found)


def told(kind: str) -> int:
    """How many notices of this kind there are."""
    return Notice.objects.filter(kind=kind).count()


def order_status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status
