"""Build the history of a market before it is dumped: people, companies, products, and cases that act at their times.

A case is a generator. It yields the time at which it continues, and the market works until then. At last it may yield a
``Last``, and continues in the minute before the dump, in which each kind of work is left in its state.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

from tests.factories import make_address, make_buyer, make_operator, make_product, make_seller
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, PACKAGE, YEARLY, make_sku, make_spec
from tests.released import shelf
from tests.released.sellers import KEY, Instructions, instance_of
from tests.released.stepping import Worker, die_holding
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import Price
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity import keys
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import buy, renew
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.orders.renew import RenewService
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.registry import protocol as spoken

END = datetime(2026, 3, 20, 8, 0, tzinfo=UTC)
"""The market's time in the dump."""
BEGIN = datetime(2026, 1, 10, 8, 0, tzinfo=UTC)
DAY, RETENTION = timedelta(days=1), timedelta(days=15)
"""The retention, see ``year.TERMS``."""
FREE = replace(MONTHLY, amount=Decimal(0))
KINDS = {"saas_v2": "SAAS", "saas_v1": "SAAS", "license_v1": "LICENSE", "license_online": "LICENSE"}


ALL = [(protocol,) for protocol in KINDS]
SAAS = [("saas_v2",), ("saas_v1",)]
SOME = [*SAAS, ("license_v1",)]
TWO = [("saas_v2",), ("license_v1",)]
PATIENT = [*SAAS, ("license_online",)]
"""Protocols that retry calls about an instance."""
FREEZE, UNFREEZE = "SetStatus FREEZE", "SetStatus UNFREEZE"
"""Protocols whose sellers are called about an expiry as well as a freeze."""


class Last(Enum):
    """The minute before the dump. The state that a case creates then persists."""

    LEASED = END - timedelta(seconds=60)
    """The calls that follow are leased by a worker that dies."""
    ENDED = END - timedelta(seconds=30)
    """The calls that follow are made, but no reaction to their end runs. Of those in ``Stage.slow``, not even the end
    is recorded."""
    WAITING = END - timedelta(seconds=90)
    """The calls that follow wait for their first attempt."""
    UNTOLD = END
    """No reaction to the events has run."""


FREEZE_NOT_BEGUN = END - timedelta(seconds=10)
"""Paid time that ends then ends after the last call of a worker, and is noticed."""
type Steps[T] = Generator[datetime | Last, None, T]


def back(**distance: float) -> datetime:
    """Return the time so long before the dump."""
    return END - timedelta(**distance)


def month_before(end: datetime) -> datetime:
    """Return when a month that ends then must start."""
    found = [day for n in range(28, 32) if period_end(day := end - n * DAY, "month", 1) == end]
    return found[0]


type Play = Callable[..., Steps[object]]
type Differs = Mapping[str, str]
NOTHING: Differs = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    play: Callable[[Stage], Steps[object]]
    differs: Differs = NOTHING
    """What a later version may end differently: the column of ``outcome``, and the reason."""


@dataclass(slots=True)
class Stage:
    worker: Worker
    will: Instructions
    now: datetime = BEGIN
    case: str = ""
    cases: dict[str, str] = field(default_factory=dict)
    """The case of each order, by order number."""
    slow: set[object] = field(default_factory=set)
    """Orders (by number) and subscriptions (by pk) whose last calls are not published."""
    operator: User = field(init=False)
    buyers: dict[str, User] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)

    # --- who is there ------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Create companies that work, and two whose servers will fail."""
        self.operator = make_operator(email="operator@market.example", now=self.now)
        for name in KINDS:
            self._company(name, name)
        for company in ("silent", "garbled"):
            self._company(company, "saas_v2")
        for name in KINDS:
            shelf.fill(self.products[f"{name} paid"], now=self.now)

    def _company(self, name: str, protocol: str) -> None:
        host = f"{name.replace('_', '-')}.qingxie.example"
        owner = make_buyer(email=f"owner@{host}", balance="0", now=self.now)
        seller = make_seller(member=owner, signing_key=KEY, now=self.now)
        keys.rotate_signing_key(seller, spoken(protocol).key_class, now=self.now, secret=KEY)
        address = make_address(seller, url=f"https://{host}/produce", protocol=protocol, now=self.now)
        shapes: dict[str, tuple[Price, ...]] = {"paid": (MONTHLY, YEARLY, ONCE), "free": (FREE,)}
        for shape, prices in shapes.items():
            sku = make_sku(*prices, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)
            specs = (make_spec(sku, name="标准版", name_en="Standard"),)
            self.products[f"{name} {shape}"] = make_product(
                seller, address=address, specs=specs, product_type=KINDS[protocol], asks_mobile=True, now=self.now
            )

    def list_for_a_sandbox(self) -> None:
        """Create what only a sandbox sells: by usage; and two editions to change between."""
        editions = [
            {"code": "s", "name": "标准", "name_en": "Small"},
            {"code": "l", "name": "专业", "name_en": "Large"},
        ]
        seats = {"quantity_name": "席位", "quantity_name_en": "Seats", "quantity_max": 50}
        skus = tuple(make_sku(MONTHLY, YEARLY, values={"e": e["code"]}, **seats) for e in editions)  # type: ignore[arg-type]
        attributes = [{"code": "e", "name": "版本", "name_en": "Edition", "values": editions}]
        for name, kind in KINDS.items():
            paid = self.products[f"{name} paid"]
            shapes: dict[str, dict[str, object]] = {
                "editions": {"specs": (make_spec(*skus, name="规格", name_en="Spec", attributes=attributes),)}
            }
            if kind == "SAAS":
                shapes["metered"] = {"prices": (ON_DEMAND, PACKAGE)}
            for shape, fields in shapes.items():
                self.products[f"{name} {shape}"] = make_product(
                    paid.seller, address=paid.binding.address, product_type=kind, now=self.now, **fields  # type: ignore[arg-type]
                )  # fmt: skip

    def buyer(self, name: str) -> User:
        if name not in self.buyers:
            language = "en" if len(self.buyers) % 2 else "zh-hans"
            self.buyers[name] = make_buyer(
                email=f"{name}@lantian.example", balance="900000", phone="13800000000", language=language, now=self.now
            )
        return self.buyers[name]

    # --- what is done ------------------------------------------------------------------------------------------------

    def buy(
        self, company: str, price: str = "month", *, shape: str = "paid", quantity: int = 1, pay: bool = True,
        refuse: bool = False, wait: bool = False, buyer: str = "buyer",
    ) -> Order:  # fmt: skip
        """Return an order of this case, paid unless ``pay`` is false. ``refuse``, ``wait``: the seller's answer to its
        creation."""
        offers = Offer.objects.filter(sku__spec__product=self.products[f"{company} {shape}"]).order_by("pk")
        modes = {"once": "ONE_TIME", "usage": "ON_DEMAND", "package": "ON_DEMAND_PKG"}
        chosen = offers.filter(charging_mode=modes[price]) if price in modes else offers.filter(period_type=price)
        command = PlaceOrder(product_id=chosen[0].product_id, quantity=quantity, agreed=True)
        # The number of an order is unknown before it is paid, and a free order is paid at once.
        placed = buy(self.buyer(buyer), command, now=self.now, unpaid_timeout=DAY)
        self.cases[placed.number] = self.case
        for wanted, kept in ((refuse, self.will.refuse), (wait, self.will.wait)):
            if wanted:
                kept.add(("Create", placed.number))
        if pay and placed.status == Order.Status.UNPAID and placed.total_minor:
            pay_order(placed, now=self.now)
        return Order.objects.get(pk=placed.pk)

    def renew(self, held: Subscription, price: str = "month", *, pay: bool = True) -> Order:
        found = Subscription.objects.select_related("buyer", "offer").get(pk=held.pk)
        offer = Offer.objects.get(sku=found.offer.sku_id, period_type=price, charging_mode="PERIOD")
        command = RenewService(subscription=held.pk, product_id=offer.product_id, periods=1, agreed=True)
        placed = renew(found.buyer, command, now=self.now, unpaid_timeout=DAY)
        self.cases[placed.number] = self.case
        if pay and placed.total_minor:
            pay_order(placed, now=self.now)
        return Order.objects.get(pk=placed.pk)

    def refuse(self, kind: str, held: Subscription) -> None:
        self.will.refuse.add((kind, held.instance_id))

    def allow(self, kind: str, held: Subscription) -> None:
        self.will.refuse.discard((kind, held.instance_id))

    def held(self, order: Order) -> Subscription:
        return Subscription.objects.select_related("offer", "product").get(order_lines__order=order)

    def calls(self, order: Order) -> Call:
        """Return the latest call of an order."""
        return Call.objects.filter(order_number=order.number).latest("pk")

    def first_business_id(self, order: Order) -> str:
        return Attempt.objects.filter(call__order_number=order.number).earliest("pk").business_id

    def delivered(self, company: str, price: str = "month", *, at: datetime, **how: object) -> Steps[Subscription]:
        """Return a service bought at that time and opened at once."""
        yield at
        order = self.buy(company, price, **how)  # type: ignore[arg-type]
        yield at + timedelta(seconds=1)
        held = self.held(order)
        assert (held.status, held.instance_id) == ("active", instance_of(order.number)), self.case
        return held

    # --- how it is played --------------------------------------------------------------------------------------------

    def play(self, cases: Sequence[Case]) -> None:
        """Run each case to its end, and the market to the time of the dump."""
        last: dict[Last, list[tuple[Case, Steps[object]]]] = {when: [] for when in Last}
        queue: list[tuple[datetime, int, Case, Steps[object]]] = []

        def go(case: Case, steps: Steps[object], place: int) -> None:
            self.case = case.name
            match next(steps, None):
                case Last() as when:
                    last[when].append((case, steps))
                case datetime() as at:
                    assert self.now <= at < Last.WAITING.value, case.name
                    heapq.heappush(queue, (at, place, case, steps))

        for place, case in enumerate(cases):
            go(case, case.play(self), place)
        while queue:
            at, place, case, steps = heapq.heappop(queue)
            self._work_until(at)
            go(case, steps, place)
        self._work_until(back(seconds=100))
        self._last_minute(last)
        for line in OrderLine.objects.select_related("order", "subscription").exclude(order__number__in=self.cases):
            assert line.subscription is not None, "an order by hand is about something"
            self.cases[line.order.number] = self.cases[line.subscription.order_line_number.rpartition("-")[0]]

    def _work_until(self, moment: datetime) -> None:
        if moment > self.now:
            self.worker.mails = moment < back(days=1)
            self.worker.until(moment, start=self.now)
            self.now = moment

    def _last_minute(self, last: dict[Last, list[tuple[Case, Steps[object]]]]) -> None:
        worker = self.worker
        self._resume(Last.LEASED, last)
        worker.react(self.now)
        assert die_holding(self.now)

        self._resume(Last.ENDED, last)
        worker.react(self.now)
        ended = worker.exchange(self.now)
        slow = [e for e in ended if {e.call.order_number, e.call.subscription_id} & self.slow]
        worker.record([e for e in ended if e not in slow], self.now)
        worker.react(self.now)
        worker.record(slow, self.now)

        # Written by a machine whose clock is slightly behind, so that the states above persist.
        self._resume(Last.WAITING, last)
        worker.react(self.now)
        worker.timers(FREEZE_NOT_BEGUN)
        self._resume(Last.UNTOLD, last)

    def _resume(self, when: Last, last: dict[Last, list[tuple[Case, Steps[object]]]]) -> None:
        self.now = when.value
        for case, steps in last[when]:
            self.case = case.name
            assert next(steps, None) is None, case.name


def each(name: str, play: Play, of: Iterable[Sequence[str]], differs: Differs = NOTHING) -> list[Case]:
    """Yield a case for each choice. The name has a placeholder for each of its parts."""
    return [Case(name.format(*parts), lambda m, parts=parts: play(m, *parts), differs) for parts in of]  # type: ignore[misc]
