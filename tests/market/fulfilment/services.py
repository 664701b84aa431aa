"""Services in use and the calls of their sellers, with the real lease, recording and reactions."""

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
from tradepost.market.fulfilment.sandbox import SandboxAct, Target, start_act
from tradepost.market.fulfilment.sandbox_acts import Act, latest_renewals, possible_acts
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
"""The buyer's level: a day of grace and a week of retention (business-rules §4.4)."""
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
    """A service that was bought, opened by its seller and delivered at NOW, for a month or once.

    All reactions have run. ``members`` is the number of people who act for its seller.
    """
    product_fields: dict[str, Any] = {"prices": (ONCE,)} if once else {"specs": (SPEC,)}
    kind = "LICENSE" if protocol.startswith("license") else "SAAS"
    seller = make_seller()
    for _ in range(members):
        Member.objects.create(seller=seller, user=make_buyer(balance="0"))
    new_product = make_product(
        seller, address=make_address(seller, protocol=protocol), **({"product_type": kind} | product_fields | product)
    )
    return bought(make_order(make_buyer(level=LEVEL), offer=make_offer(new_product), paid=True))


def bought(order: Order, *, now: datetime = NOW) -> Subscription:
    """Deliver this paid order: the seller opens it at once. All reactions run."""
    react(now=now)
    while (call := Call.objects.filter(order_number=order.number).exclude(state=State.ENDED).first()) is not None:
        answer(call, opened(call), now=now)
        react(now=now)
    return again(Subscription.objects.get(order_lines__order=order))


def opened(call: Call) -> CallResult:
    """The seller's answer to a creation: the instance, with access data at once."""
    instance = call.instance_id or f"i-{call.pk}"
    access = InstanceInfo(instance_id=instance, app=AppInfo(front_end_url="https://app.example/"))
    return Done(instance_id=instance if call.kind == Create.__name__ else "", instances=(access,))


def again(subscription: Subscription) -> Subscription:
    return Subscription.objects.select_related("buyer", "seller", "product", "offer__sku").get(pk=subscription.pk)


def command(call: Call) -> Command:
    return calls.load(call.kind, call.command)


def open_call() -> Call:
    """Return the only call that has not ended."""
    return Call.objects.exclude(state=State.ENDED).get()


def done(call: Call, *, now: datetime = NOW) -> None:
    """The seller carries out the call, and the reactions run."""
    answer(call, now=now)
    react(now=now)


def answered(call: Call, *, now: datetime = NOW) -> None:
    """As ``done``, and a creation is answered with access data."""
    answer(call, opened(call) if call.kind == Create.__name__ else None, now=now)
    react(now=now)


def failed(call: Call, result: CallResult = LOST, *, now: datetime = NOW) -> None:
    """The call's plan ends without success, and the reactions run."""
    give_up(call, result, now=now)
    react(now=now)


def begun(subscription: Subscription, act: Act, *, now: datetime = NOW) -> Operation | None:
    """Try an act out in a sandbox. None when the seller needs no call: it is so already, or another reason remains."""
    operation = start_act(SandboxAct(subscription=subscription, act=act, actor=BY, now=now), sandbox=True)
    react(now=now)
    return operation


def tried(subscription: Subscription, act: Act, target: Target | None = None, *, now: datetime = NOW) -> Operation:
    """Try an act out in a sandbox, as an engineer does."""
    trial = SandboxAct(subscription=subscription, act=act, actor=BY, now=now, target=target)
    operation = start_act(trial, sandbox=True)
    assert operation is not None
    react(now=now)
    return operation


def ordered(subscription: Subscription, *, now: datetime = NOW, product_id: str = "") -> Order:
    """Order a renewal by one period, unpaid."""
    offer_id = product_id or again(subscription).offer.product_id
    choice = RenewService(subscription=subscription.pk, product_id=offer_id, periods=1, agreed=True)
    return place_renewal(subscription.buyer, choice, now=now, unpaid_timeout=timedelta(days=1))


def renewed(subscription: Subscription, *, now: datetime = NOW, product_id: str = "") -> Order:
    """Order and pay a renewal, and run the reactions."""
    order = ordered(subscription, now=now, product_id=product_id)
    pay_order(order, now=now)
    react(now=now)
    return Order.objects.select_related("buyer").get(pk=order.pk)


def passes(now: datetime) -> None:
    """Run the timers that are due by then, each at its own moment, and the reactions."""
    from tradepost.market.base.models import Job

    while (due := Job.objects.filter(kind__in=TASKS, due_at__lte=now).order_by("due_at").first()) is not None:
        jobs.run_due(TASKS, now=due.due_at)
        failed_jobs = list(Job.objects.exclude(error="").values_list("kind", "error"))
        assert not failed_jobs, failed_jobs
        react(now=due.due_at)


def offers(subscription: Subscription) -> list[Offer]:
    """Return the offers: small by month and year, large by month and year."""
    offers_of_product = Offer.objects.select_related("sku__spec__product__seller").filter(
        sku__spec__product=subscription.product
    )
    return list(offers_of_product.order_by("sku", "pk"))


def acts(subscription: Subscription) -> frozenset[Act]:
    """Return the acts that the try-out page offers now."""
    current = again(subscription)
    reasons = set(Freeze.objects.filter(subscription=current, lifted_at=None).values_list("reason", flat=True))
    renewed_last = latest_renewals([current]).get(current.pk, False)
    return possible_acts(current, protocol_of(current), renewed=renewed_last, reasons=reasons)


def progress_of(order: Order) -> Progress:
    """Return the order's progress as its buyer sees it."""
    shown_order = buyer_order(order.buyer, order.number)
    assert shown_order is not None
    return progress(shown_order)


def told(kind: str) -> int:
    """Count the notices of this kind."""
    return Notice.objects.filter(kind=kind).count()


def order_status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status
