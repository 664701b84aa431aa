"""The small market of ``world`` with objects in more states: only the walk uses it.

``world.World`` has one object for each address. A page that exists shows more than one state, and some of them need an object of
their own: a service of each kind that the market delivers, a trial, a service near its end, a company that left.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests import factories
from tests.factories.delivered import ANSWERS, delivered_product
from tests.factories.images import make_image, stand_server
from tests.factories.licenses import came_as_file, deliver
from tests.factories.products import MONTHLY
from tests.market import every_address as table
from tests.market.fulfilment.changes import changeable
from tests.market.fulfilment.services import SPEC
from tests.market.world import World
from tradepost.market.base import clock
from tradepost.market.base.values import replace
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import Seller
from tradepost.market.licenses.request import request_license
from tradepost.market.orders.finish import complete_order
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Subscription

TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True)
CHEAP = replace(MONTHLY, amount=Decimal(1))


class LargerWorld(World):
    """``shown``: pages of these objects, which a walk looks at although it has seen enough other pages of their addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.now = clock.now()
        self.buyer, self.owner = self.users[table.BUYER], self.users[table.OWNER]
        self.seller = Seller.objects.get(pk=self.facts["seller"])
        services = [*self._delivered(), self._trial(), self._licensed(), *self._changeable()]
        self.shown = {
            *(f"/services/{one.pk}/" for one in services),
            *(f"/services/{self.facts[name]}/" for name in ("api_service", "model_service", "container_service")),
            *self._server(),
        }  # fmt: skip

    def _server(self) -> tuple[str, str]:
        """One that runs, and nothing was ordered for it since; and its image in the store."""
        image = make_image(self.seller)
        server = stand_server(self.buyer, image, now=self.now)
        complete_order(Order.objects.get(lines__for_server=server.pk), now=self.now)
        return f"/servers/{server.pk}/", f"/products/{image.slug}/"

    def _held(self, offer: Offer, **changed: object) -> Subscription:
        order = factories.make_order(self.buyer, offer=offer, paid=True, now=self.now)
        return factories.make_subscription(order, now=self.now, **changed)  # type: ignore[arg-type]

    def _delivered(self) -> list[Subscription]:
        """One of each kind that the market delivers."""
        products = [
            delivered_product(kind, self.seller, price=None if kind.startswith("API") else CHEAP) for kind in ANSWERS
        ]
        return [self._held(factories.make_offer(product), access=None) for product in products]

    def _trial(self) -> Subscription:
        product = factories.make_product(self.seller, prices=(CHEAP, TRIAL))
        offer = Offer.objects.get(sku__spec__product=product, trial=True)
        order = factories.make_order(self.buyer, offer=offer, paid=False, periods=15, now=self.now)
        return factories.make_subscription(order, now=self.now)

    def _licensed(self) -> Subscription:
        """One license came as a file, one as text."""
        address = factories.make_address(self.seller, protocol="license_online")
        product = factories.make_product(self.seller, address=address, product_type="LICENSE", prices=(CHEAP,))
        held = self._held(factories.make_offer(product))
        asked = request_license(held, "machine-with-a-file", actor="x", now=self.now)
        deliver(self.seller.pk, came_as_file(asked.event_id, "x.lic", b"license"), now=self.now)
        return held

    def _changeable(self) -> list[Subscription]:
        """One in use, and one that ends in a week; the seller of both sells changes."""
        made = []
        for days, word in ((30, ""), (7, "changeInstanceCheck")):
            product = factories.make_product(self.seller, specs=(SPEC,), address=factories.make_address(self.seller))
            held = changeable(self._held(factories.make_offer(product)))
            Subscription.objects.filter(pk=held.pk).update(expires_at=self.now + timedelta(days=days))
            if word:
                Address.objects.filter(bindings__product=product).update(proven=[word])
            made.append(held)
        return made
