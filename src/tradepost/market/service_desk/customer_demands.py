"""Demands passed to a seller, who offers a product or declines within some days (business-rules §17.7).

Without an answer, the demand returns to the operators.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.shelf_queries import product_on_sale
from tradepost.market.identity.models import Seller

from .demand_models import MAX_ANSWER_LENGTH, MAX_NOTE_LENGTH
from .desk_rules import DeskRules
from .events import DemandAnswered, DemandPassed, DemandRecalled, DemandReturned
from .lifecycle import CUSTOMER_DEMAND, DEMAND, CustomerDemandEvent, DemandEvent
from .models import CustomerDemand, Demand
from .text_checks import invalid, limited_text, required_text

TIMER = "service_desk.customer_demand"
"""Kind of the timer that ends the seller's time to answer."""
RETRY_DELAY = timedelta(seconds=5)


class Offer(Struct, frozen=True, kw_only=True):
    """A seller's offer: a text, and optionally one of its products on sale."""

    by: str
    words: str
    product: int | None = None


def forward_to_seller(
    demand: Demand, seller: Seller, note: str, *, by: str, rules: DeskRules, now: datetime
) -> CustomerDemand:
    """Pass a demand to a seller. Raises ``Refused`` if the seller does not sell now or was asked before."""
    note = limited_text(note, "note", longest=MAX_NOTE_LENGTH)
    if not seller.is_selling:
        raise invalid("seller", _("This seller cannot sell at the moment."))
    with transaction.atomic():
        locked_demand = Demand.objects.select_for_update(of=("self",)).get(pk=demand.pk)
        if CustomerDemand.objects.filter(demand=locked_demand, seller=seller).exists():
            raise invalid("seller", _("This seller has already been asked about this demand."))
        DEMAND.move_all([locked_demand], DemandEvent.ASK_SELLER, now=now, actor=by, note=seller.slug)
        customer_demand = CustomerDemand.objects.create(
            demand=locked_demand, seller=seller, note=note, passed_at=now, passed_by=by, until=rules.seller_until(now)
        )
        jobs.schedule(
            TIMER,
            str(customer_demand.pk),
            due_at=customer_demand.until,
            payload={"customer_demand": customer_demand.pk},
        )
        outbox.publish(DemandPassed(customer_demand=customer_demand.pk), now=now)
    return customer_demand


def answer_with_offer(passed: CustomerDemand, offered: Offer, *, now: datetime) -> None:
    """Answer the requester with an offer. Raises ``Refused``; ``IllegalTransition`` if the seller is no longer
    asked."""
    offer_text = required_text(
        offered.words, "words", missing=_("Describe your offer. The requester can see it."), longest=MAX_ANSWER_LENGTH
    )
    product = product_for_answer(offered.product, seller=passed.seller) if offered.product is not None else None
    with transaction.atomic():
        demand, customer_demand = _locked(passed)
        CUSTOMER_DEMAND.move_all(
            [customer_demand], CustomerDemandEvent.ACCEPT, now=now, actor=offered.by, words=offer_text, product=product,
            answered_by=offered.by, ended_at=now,
        )  # fmt: skip
        DEMAND.move_all(
            [demand], DemandEvent.ANSWER, now=now, actor=offered.by, answer=offer_text, product=product, seller=customer_demand.seller,
            answered_by=offered.by, ended_at=now,
        )  # fmt: skip
        jobs.cancel(TIMER, str(customer_demand.pk))
        outbox.publish(DemandAnswered(demand=demand.pk), now=now)


def decline(passed: CustomerDemand, why: str, *, by: str, rules: DeskRules, now: datetime) -> None:
    """Decline the demand. Raises ``Refused``, ``IllegalTransition``."""
    reason = required_text(
        why, "words", missing=_("Enter the reason. The operators can see it."), longest=MAX_ANSWER_LENGTH
    )
    with transaction.atomic():
        demand, customer_demand = _locked(passed)
        CUSTOMER_DEMAND.move_all(
            [customer_demand],
            CustomerDemandEvent.DECLINE,
            now=now,
            actor=by,
            words=reason,
            answered_by=by,
            ended_at=now,
        )
        DEMAND.move_all([demand], DemandEvent.RETURN, now=now, actor=by, due_at=rules.demand_due(now))
        jobs.cancel(TIMER, str(customer_demand.pk))
        outbox.publish(DemandReturned(customer_demand=customer_demand.pk, why="declined"), now=now)


def recall_from_seller(demand: Demand, *, now: datetime) -> None:
    """Withdraw the request to the seller. The caller holds the demand's lock and changes its status."""
    for customer_demand in CustomerDemand.objects.select_for_update(of=("self",)).filter(
        demand=demand, status=CustomerDemand.Status.WAITING
    ):
        CUSTOMER_DEMAND.move_all([customer_demand], CustomerDemandEvent.RECALL, now=now, ended_at=now)
        jobs.cancel(TIMER, str(customer_demand.pk))
        outbox.publish(DemandRecalled(customer_demand=customer_demand.pk), now=now)


def time_out(payload: Mapping[str, Any], now: datetime, *, rules: DeskRules) -> datetime | None:
    """Timer: the seller did not answer in time. It does not wait for a locked demand, whose lock holder may need its
    own row."""
    customer_demand = CustomerDemand.objects.filter(pk=payload["customer_demand"]).first()
    if customer_demand is None or customer_demand.status != CustomerDemand.Status.WAITING:
        return None
    demand = (
        Demand.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=customer_demand.demand_id).first()
    )
    if demand is None:
        return now + RETRY_DELAY
    customer_demand.refresh_from_db()
    if customer_demand.status != CustomerDemand.Status.WAITING:
        return None
    CUSTOMER_DEMAND.move_all([customer_demand], CustomerDemandEvent.EXPIRE, now=now, ended_at=now)
    DEMAND.move_all([demand], DemandEvent.RETURN, now=now, due_at=rules.demand_due(now))
    outbox.publish(DemandReturned(customer_demand=customer_demand.pk, why="expired"), now=now)
    return None


def product_for_answer(pk: int, *, seller: Seller | None = None) -> Product:
    """Return a product for an answer: on sale, and the seller's own. Raises ``Refused``."""
    product = product_on_sale(pk=pk)
    if product is None or (seller is not None and product.seller_id != seller.pk):
        raise Refused("service_desk.product", _("Choose a product that is on sale."), 400, field="product")
    return product


def _locked(passed: CustomerDemand) -> tuple[Demand, CustomerDemand]:
    demand = Demand.objects.select_for_update(of=("self",)).get(pk=passed.demand_id)
    customer_demands = CustomerDemand.objects.select_for_update(of=("self",)).select_related("seller")
    return demand, customer_demands.get(pk=passed.pk)
