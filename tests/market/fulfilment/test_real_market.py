"""Must-show 2 of issue 7: a real market treats an order that costs nothing like one that costs money."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import NOW, make_address, make_buyer, make_offer, make_operator, make_product, make_seller
from tests.market.engine import react
from tests.market.fulfilment.services import again, answered, bought, failed, open_call, order_status, progress_of
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import may_refund, refund_order, stopped_orders
from tradepost.market.fulfilment.restart import may_restart, restart
from tradepost.market.identity.models import User
from tradepost.market.notifications import messages
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.buy import buy, renew
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.orders.renew import RenewService
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
PRICE = 10_000
REASON = "agreed by telephone"
MONEY_WORDS = (
    "¥",
    "was paid",
    "your payment",
    "was refunded",
    "refunded it",
    "get a full refund",
    "money back",
    "has the money",
)


@dataclass
class People:
    """A buyer with money, a seller that keeps its orders (saas-v1-license B1), and an operator."""

    product: Product
    buyer: User
    member: User
    operator: User = field(default_factory=make_operator)

    @property
    def money(self) -> int:
        return ledger.buyer_account(self.buyer, "CNY").balance_minor

    def notice_kinds(self, user: User, *, after: int) -> list[str]:
        """Return the kinds of the user's notices since then, oldest first."""
        since = Notice.objects.filter(user=user, pk__gt=after).order_by("pk")
        return list(since.values_list("kind", flat=True))


@pytest.fixture
def people() -> People:
    member = make_buyer(balance="0")
    seller = make_seller(member=member)
    address = make_address(seller, url="https://licenses.qingxie.example/produce", protocol="license_v1")
    product = make_product(seller, address=address, product_type="LICENSE")
    return People(product=product, buyer=make_buyer(balance="500"), member=member)


DAY = timedelta(days=1)


def prepared(people: People, what: str) -> Subscription | None:
    """Return a service where a renewal is tested, otherwise None. All reactions have run."""
    react(now=NOW)
    if what == "order":
        return None
    return bought(pay(people, buy(people.buyer, _choice(people), now=NOW, unpaid_timeout=DAY)))


def ordered(people: People, held: Subscription | None, *, free: bool) -> Order:
    """Order and, if it costs something, pay; then run the reactions."""
    Offer.objects.update(price_minor=0 if free else PRICE)
    if held is None:
        order = buy(people.buyer, _choice(people), now=NOW, unpaid_timeout=DAY)
    else:
        request = RenewService(subscription=held.pk, product_id=held.offer.product_id, periods=1, agreed=True)
        order = renew(people.buyer, request, now=NOW, unpaid_timeout=DAY)
    if not free:
        pay(people, order)
    react(now=NOW)
    return Order.objects.select_related("buyer").get(pk=order.pk)


def pay(people: People, order: Order) -> Order:
    pay_order(order, now=NOW)
    return Order.objects.select_related("buyer").get(pk=order.pk)


def _choice(people: People) -> PlaceOrder:
    return PlaceOrder(product_id=make_offer(people.product).product_id, agreed=True)


def latest() -> int:
    return Notice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def transfers(order: Order) -> list[str]:
    """The reasons of the order's transfers, in order."""
    about = Transfer.objects.filter(reference__startswith=order.number).order_by("pk")
    return [str(reason) for reason in about.values_list("reason", flat=True)]


FOUR = [
    pytest.param(what, free, id=f"{what}, {'free' if free else 'costs money'}")
    for what in ("order", "renewal")
    for free in (False, True)
]


@pytest.mark.parametrize(("what", "free"), FOUR)
def test_given_up_order_stops_and_everyone_is_notified(people: People, what: str, free: bool) -> None:
    """saas-v1-license B1, saas-v2 §3.10: it is kept; a notice; a restart by hand."""
    order = ordered(people, prepared(people, what), free=free)
    assert (order.status, order.origin, order.total_minor) == ("processing", "buyer", 0 if free else PRICE)
    assert transfers(order) == ([] if free else ["payment"])
    before = latest()
    failed(open_call())
    operation = Operation.objects.get(line__order=order)
    assert (operation.status, may_restart(operation), may_refund(order)) == ("stopped", True, True)
    assert list(stopped_orders()) == [order]
    assert progress_of(order).stopped
    assert people.notice_kinds(people.member, after=before) == ["seller_call_stopped"]
    assert people.notice_kinds(people.operator, after=before) == ["operator_call_stopped"]
    waits = {("order", False): [], ("order", True): [], ("renewal", False): ["renewal_waits"],
             ("renewal", True): ["free_renewal_waits"]}  # fmt: skip
    assert people.notice_kinds(people.buyer, after=before) == waits[what, free]
    assert ledger.money_in_clearing(order.number) == (0 if free else PRICE)


@pytest.mark.slow
@pytest.mark.parametrize(("what", "free"), FOUR)
def test_restart_completes_the_order(people: People, what: str, free: bool) -> None:
    """saas-v2 §7, saas-v1-license B1."""
    subscription = prepared(people, what)
    order = ordered(people, subscription, free=free)
    failed(open_call())
    before = latest()
    restart(Operation.objects.get(line__order=order), actor=people.member.email, now=NOW)
    assert list(stopped_orders()) == []
    answered(open_call())
    assert order_status(order) == "completed"
    assert people.notice_kinds(people.buyer, after=before) == [
        "service_renewed" if what == "renewal" else "order_completed"
    ]
    earned = [] if free else ["payment"] if what == "renewal" else ["payment", "earned"]
    assert transfers(order) == earned, "a renewal is earned when its period begins (business-rules §8.2)"
    assert subscription is None or again(subscription).expires_at != subscription.expires_at
    assert ledger.verify().problems == ()


@pytest.mark.parametrize(("what", "free"), FOUR)
def test_operator_ends_the_order_and_refunds_it(people: People, what: str, free: bool) -> None:
    """saas-v1-license B1; business-rules §4.7: a renewal that is not effective is refunded in full."""
    subscription = prepared(people, what)
    order = ordered(people, subscription, free=free)
    money = people.money
    failed(open_call())
    before = latest()
    refund_order(order, reason=REASON, actor=people.operator.email, now=NOW)
    react(now=NOW)
    assert (order_status(order), list(stopped_orders())) == ("refunded", [])
    assert not may_restart(Operation.objects.get(line__order=order))
    assert people.money == money + (0 if free else PRICE)
    assert transfers(order) == ([] if free else ["payment", "refund"])
    kind = "not_opened" if free else "gave_up"
    assert people.notice_kinds(people.member, after=before) == [f"seller_{kind}"]
    assert people.notice_kinds(people.operator, after=before) == [f"operator_{kind}"]
    ended = {("order", False): "order_refunded", ("order", True): "order_not_opened",
             ("renewal", False): "renewal_refunded", ("renewal", True): "free_renewal_ended"}  # fmt: skip
    assert people.notice_kinds(people.buyer, after=before) == [ended[what, free]]
    assert subscription is None or (again(subscription).status, again(subscription).expires_at) == (
        "active",
        subscription.expires_at,
    )
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("what", ["order", "renewal"])
def test_free_order_notices_mention_no_money(people: People, what: str) -> None:
    """For paid, stopped and ended orders."""
    held = prepared(people, what)
    before = latest()
    order = ordered(people, held, free=True)
    failed(open_call())
    refund_order(order, reason=REASON, actor=people.operator.email, now=NOW)
    react(now=NOW)
    with translation.override("en"):
        texts = [messages.render_notice(notice.kind, notice.facts) for notice in Notice.objects.filter(pk__gt=before)]
    assert len(texts) == (6 if what == "order" else 7)
    texts_of_money = [text for text in texts if any(word in f"{text.title} {text.body}" for word in MONEY_WORDS)]
    assert texts_of_money == []
