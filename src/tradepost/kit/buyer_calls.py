"""A buyer's program asks the market, with an access key of the buyer's account (openapi-jointkit §C.12; business-rules §11.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from tradepost.protocols.open_api import buyer_orders, buyer_purchases, buyer_services

from .market_error import read_answer

if TYPE_CHECKING:
    from tradepost.protocols.http import Request


class BuyerCalls:
    """Part of ``MarketClient``."""

    __slots__: ClassVar[tuple[str, ...]] = ()

    if TYPE_CHECKING:
        market: str

        def _ask(self, request: Request, *, repeatable: bool) -> dict[str, object]: ...

    def list_orders(self, asked: buyer_orders.ListOrders) -> tuple[int, tuple[buyer_orders.OrderSummary, ...]]:
        """How many orders of the buyer there are, and a page of them (§C.12)."""
        members = self._ask(buyer_orders.list_request(asked, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_orders.load_listed(members))

    def order_details(self, order_ids: Sequence[str]) -> tuple[buyer_orders.OrderDetails, ...]:
        """Up to 100 orders of the buyer in full (§C.12), in the market's order; only their parts' names are known."""
        members = self._ask(buyer_orders.details_request(tuple(order_ids), market=self.market), repeatable=True)
        return read_answer(lambda: buyer_orders.load_details(members))

    def cancel_orders(self, order_ids: Sequence[str]) -> None:
        """Cancel the buyer's orders that await payment (§C.12). Not repeated once it was sent."""
        self._ask(buyer_orders.cancel_request(tuple(order_ids), market=self.market), repeatable=False)

    def saas_instance(self, asked: buyer_orders.ShowSaasInstance) -> buyer_orders.SaasInstance:
        """What the buyer needs to use an instance (§C.12)."""
        members = self._ask(buyer_orders.instance_request(asked, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_orders.load_instance(members))

    # --- what a buyer may do: business-rules §11.3, with an access key of the buyer's account ----------------------------

    def agreements(self, product_id: str = "") -> tuple[buyer_purchases.Agreement, ...]:
        """The agreements to accept with an order."""
        members = self._ask(buyer_purchases.agreements_request(product_id, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_agreements(members))

    def create_order(self, asked: buyer_purchases.CreateOrder) -> buyer_purchases.PlacedOrder:
        """Create an order, unpaid. Repeated when there is no answer: its idempotency key buys once; so all of these."""
        members = self._ask(buyer_purchases.create_request(asked, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_placed(members))

    def pay_order(self, asked: buyer_purchases.PayOrder) -> buyer_purchases.PlacedOrder:
        """Pay an order from the balance."""
        members = self._ask(buyer_purchases.pay_request(asked, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_placed(members))

    def renew_service(self, asked: buyer_purchases.RenewService) -> buyer_purchases.PlacedOrder:
        """Order a renewal, unpaid."""
        members = self._ask(buyer_purchases.renew_request(asked, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_placed(members))

    def unsubscribe_service(self, asked: buyer_purchases.UnsubscribeService) -> buyer_purchases.Unsubscribed:
        """Unsubscribe a service for the refund that its details name."""
        members = self._ask(buyer_purchases.unsubscribe_request(asked, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_unsubscribed(members))

    def list_services(
        self, asked: buyer_services.ListServices | None = None
    ) -> tuple[int, tuple[buyer_services.Service, ...]]:
        """How many services of the buyer there are, and a page of them."""
        page = asked or buyer_services.ListServices()
        members = self._ask(buyer_services.list_request(page, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_services.load_listed(members))

    def service(self, service_id: str) -> buyer_services.ServiceDetails:
        """A service with its options to renew and to unsubscribe."""
        members = self._ask(buyer_services.show_request(service_id, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_services.load_shown(members))
