"""The small market of ``world`` with objects in more states; only the walk uses it.

``world.World`` has one object for each address. Pages show more than one state, and some states need separate objects:
a service of each kind that the market delivers, a trial, a service near its end, a company that left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.urls import reverse

from tests import factories
from tests.factories.branding import rename_market
from tests.factories.delivered import VALID_ANSWERS, delivered_product
from tests.factories.images import make_image, make_server_row
from tests.factories.licenses import deliver, uploaded_file
from tests.factories.metering import item as usage
from tests.factories.metering import push
from tests.factories.people import NOW
from tests.factories.products import MONTHLY
from tests.factories.second_step import turn_on
from tests.factories.settlement import make_statement
from tests.market import every_address as table
from tests.market.fulfilment.changes import changeable
from tests.market.fulfilment.services import SPEC
from tests.market.world import ZONE, World
from tradepost.market.base import clock
from tradepost.market.base.values import replace
from tradepost.market.billing.charge import charge
from tradepost.market.catalog import trading
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.apply import bought_period
from tradepost.market.fulfilment.contract import PaidPeriod
from tradepost.market.identity import enter
from tradepost.market.identity.models import Seller, User
from tradepost.market.licenses.request import request_license
from tradepost.market.metering import collect
from tradepost.market.orders.finish import complete_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.probes.models import Health
from tradepost.market.production.models import Address
from tradepost.market.settlement.collect import collect_items
from tradepost.market.subscriptions.models import Subscription

TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True)
CHEAP = replace(MONTHLY, amount=Decimal(1))


@dataclass(frozen=True, slots=True)
class Visit:
    """``home``: the first page. Links to pages below it or below ``also`` are followed."""

    home: str
    also: str = ""
    session: str = ""

    def site(self, path: str) -> bool:
        return path.startswith((self.home, self.also or self.home))


class LargerWorld(World):
    """``shown``: pages of these objects, which a walk visits in addition to its sample of pages per address.

    ``searches``: queries that a person types on a page. ``visits``: walks of more people, each through a part of a
    site.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = clock.now()
        self.buyer, self.owner = self.users[table.BUYER], self.users[table.OWNER]
        self.seller = Seller.objects.get(pk=self.facts["seller"])
        services = [*self._delivered(), self._trial(), self._licensed(), *self._changeable()]
        self.shown = {
            *(f"/services/{service.pk}/" for service in services),
            *(f"/services/{self.facts[name]}/" for name in ("api_service", "model_service", "container_service")),
            *self._server(),
            *self._sellers(),
            *self._operators(services[0]),
        }  # fmt: skip
        self.searches = {
            "/console/audit/": f"from={self.now - timedelta(days=30):%Y-%m-%d}&to={self.now:%Y-%m-%d}",
            "/console/usage/charges/": f"buyer={self.buyer.pk}",
        }
        careful, enterprise = factories.make_buyer(), self.facts["enterprise"]
        turn_on(careful)
        self.visits = {
            "buyer with two-step sign-in": Visit("/account/security/", session=self._session(careful)),
            "owner of a company that left": Visit("/seller/", session=self._session(self._left())),
            "stranger at the auth centre": Visit(f"/t/{enterprise}/"),
            "stranger at the pages of an enterprise": Visit(f"/enterprise/{enterprise}/", "/account/login/"),
        }
        rename_market(self.users[table.OPERATOR], pictures=True)

    def _server(self) -> tuple[str, str]:
        """Make a running server with no later order, and its image in the store."""
        image = make_image(self.seller)
        server = make_server_row(self.buyer, image, now=self.now)
        complete_order(Order.objects.get(lines__for_server=server.pk), now=self.now)
        return f"/servers/{server.pk}/", f"/products/{image.slug}/"

    @staticmethod
    def _left() -> User:
        owner = factories.make_buyer(balance="0")
        enter.leave(factories.make_seller(member=owner), by="operator", now=NOW)
        return owner

    def _subscribe(self, offer: Offer, **changed: object) -> Subscription:
        order = factories.make_order(self.buyer, offer=offer, paid=True, now=self.now)
        return factories.make_subscription(order, now=self.now, **changed)  # type: ignore[arg-type]

    def _delivered(self) -> list[Subscription]:
        """Make one service of each kind that the market delivers."""
        products = [
            delivered_product(kind, self.seller, price=None if kind.startswith("API") else CHEAP)
            for kind in VALID_ANSWERS
        ]
        return [self._subscribe(factories.make_offer(product), access=None) for product in products]

    def _trial(self) -> Subscription:
        product = factories.make_product(self.seller, prices=(CHEAP, TRIAL))
        offer = Offer.objects.get(sku__spec__product=product, trial=True)
        order = factories.make_order(self.buyer, offer=offer, paid=False, periods=15, now=self.now)
        return factories.make_subscription(order, now=self.now)

    def _licensed(self) -> Subscription:
        """Make a license issued as a file."""
        address = factories.make_address(self.seller, protocol="license_online")
        product = factories.make_product(self.seller, address=address, product_type="LICENSE", prices=(CHEAP,))
        subscription = self._subscribe(factories.make_offer(product))
        request = request_license(subscription, "machine-with-a-file", actor="x", now=self.now)
        deliver(self.seller.pk, uploaded_file(request.event_id, "x.lic", b"license"), now=self.now)
        return subscription

    def _changeable(self) -> list[Subscription]:
        """Make a service in use, and one that ends in a week; both can be changed."""
        services = []
        for days, proof in ((30, ""), (7, "changeInstanceCheck")):
            product = factories.make_product(self.seller, specs=(SPEC,), address=factories.make_address(self.seller))
            subscription = changeable(self._subscribe(factories.make_offer(product)))
            Subscription.objects.filter(pk=subscription.pk).update(expires_at=self.now + timedelta(days=days))
            if proof:
                Address.objects.filter(bindings__product=product).update(proven=[proof])
            services.append(subscription)
        return services

    def _sellers(self) -> list[str]:
        """Make a product whose sales are suspended, a paid statement without an invoice, and an amount on no statement."""
        frozen = factories.make_product(self.seller)
        trading.freeze(frozen, cause="Its page names another company.", actor="operator", now=self.now)
        order = factories.make_order(
            self.buyer, offer=factories.make_offer(prices=(CHEAP,), seller=self.seller), paid=True
        )
        paid = make_statement(order, month=date(2025, 12, 1), number="JS2512PAID", status="paid")
        factories.make_subscription(order)
        complete_order(order, now=NOW)
        while collect_items(ZONE, before=self.now):
            pass
        return [
            reverse("seller_center:product", args=[frozen.pk]), reverse("seller_center:settlement", args=[paid.pk]),
            reverse("seller_center:asset_version", args=[self.facts["refused_version"]]),
        ]  # fmt: skip

    def _operators(self, service: Subscription) -> list[str]:
        """Make a probed product, a service with paid time, and usage that has a price."""
        Health.objects.create(product_id=self.facts["product"], verdict="failed", since=NOW, seen_at=NOW)
        line = OrderLine.objects.select_related("order", "offer").get(subscription=service)
        end = self.now + timedelta(days=30)
        bought_period(service, line, PaidPeriod(starts_at=self.now, ends_at=end), now=self.now).save()
        metered = Subscription.objects.get(pk=self.facts["metered"])
        push(self.seller, [usage(metered, self.now - timedelta(hours=2), 1_000_000)], now=self.now)
        collection = collect.close("hour", now=self.now)
        assert collection is not None
        charge(collection, now=self.now)
        return [
            reverse("console:service", args=[service.pk]), reverse("console:product", args=[self.facts["product"]])
        ]  # fmt: skip
