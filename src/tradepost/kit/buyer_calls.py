"""Calls of a buyer's program to the market, with an access key of the buyer's account (openapi-jointkit §C.12;
business-rules §11.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from tradepost.protocols.open_api import buyer_orders, buyer_purchases, buyer_services

from .market_error import read_answer

if TYPE_CHECKING:
    from tradepost.protocols.http import Request


class BuyerCalls:
    """Mixin of ``MarketClient``."""

    __slots__: ClassVar[tuple[str, ...]] = ()

    if TYPE_CHECKING:
        market: str

        def _ask(self, request: Request, *, repeatable: bool) -> dict[str, object]: ...

    def list_orders(self, query: buyer_orders.ListOrders) -> tuple[int, tuple[buyer_orders.OrderSummary, ...]]:
        """Return the number of the buyer's orders, and a page of them (§C.12)."""
        members = self._ask(buyer_orders.list_request(query, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_orders.load_listed(members))

    def order_details(self, order_ids: Sequence[str]) -> tuple[buyer_orders.OrderDetails, ...]:
        """Return up to 100 complete orders of the buyer (§C.12), in the market's order. Only the names of their parts
        are documented."""
        members = self._ask(buyer_orders.details_request(tuple(order_ids), market=self.market), repeatable=True)
        return read_answer(lambda: buyer_orders.load_details(members))

    def cancel_orders(self, order_ids: Sequence[str]) -> None:
        """Cancel the buyer's unpaid orders (§C.12). Never retried after it was sent."""
        self._ask(buyer_orders.cancel_request(tuple(order_ids), market=self.market), repeatable=False)

    def saas_instance(self, query: buyer_orders.ShowSaasInstance) -> buyer_orders.SaasInstance:
        """Return the access data of an instance (§C.12)."""
        members = self._ask(buyer_orders.instance_request(query, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_orders.load_instance(members))

    # --- services and purchases: business-rules §11.3, with an access key of the buyer's account
    # ---------------------------

    def agreements(self, product_id: str = "") -> tuple[buyer_purchases.Agreement, ...]:
        """Return the agreements to accept with an order."""
        members = self._ask(buyer_purchases.agreements_request(product_id, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_agreements(members))

    def create_order(self, order: buyer_purchases.CreateOrder) -> buyer_purchases.PlacedOrder:
        """Create an unpaid order. Retried without an answer, since its idempotency key buys only once; the calls below
        are, too."""
        members = self._ask(buyer_purchases.create_request(order, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_placed(members))

    def pay_order(self, payment: buyer_purchases.PayOrder) -> buyer_purchases.PlacedOrder:
        """Pay an order from the balance."""
        members = self._ask(buyer_purchases.pay_request(payment, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_placed(members))

    def renew_service(self, renewal: buyer_purchases.RenewService) -> buyer_purchases.PlacedOrder:
        """Create an unpaid renewal order."""
        members = self._ask(buyer_purchases.renew_request(renewal, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_placed(members))

    def unsubscribe_service(self, unsubscription: buyer_purchases.UnsubscribeService) -> buyer_purchases.Unsubscribed:
        """Unsubscribe from a service for the refund that its details name."""
        members = self._ask(buyer_purchases.unsubscribe_request(unsubscription, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_purchases.load_unsubscribed(members))

    def list_services(
        self, query: buyer_services.ListServices | None = None
    ) -> tuple[int, tuple[buyer_services.Service, ...]]:
        """Return the number of the buyer's services, and a page of them."""
        page = query or buyer_services.ListServices()
        members = self._ask(buyer_services.list_request(page, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_services.load_listed(members))

    def service(self, service_id: str) -> buyer_services.ServiceDetails:
        """Return a service with its options for renewal and unsubscription."""
        members = self._ask(buyer_services.show_request(service_id, market=self.market), repeatable=True)
        return read_answer(lambda: buyer_services.load_details(members))
