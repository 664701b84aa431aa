"""A demand is passed to a seller, who offers something or declines within some days; else it is the operators' again
(business-rules §17.7)."""

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

from .demand_models import LONGEST_ANSWER, LONGEST_NOTE
from .desk_rules import DeskRules
from .events import DemandAnswered, DemandPassed, DemandRecalled, DemandReturned
from .lifecycle import CUSTOMER_DEMAND, DEMAND, CustomerDemandEvent, DemandEvent
from .models import CustomerDemand, Demand
from .words_given import bounded, words, wrong

TIMER = "service_desk.customer_demand"
"""Kind of the timer that stands while a seller is waited for."""
AGAIN = timedelta(seconds=5)


class Offer(Struct, frozen=True, kw_only=True):
    """What a seller offers: words, and one of its products that is on sale, or none."""

    by: str
    words: str
    product: int | None = None


def pass_on(demand: Demand, seller: Seller, note: str, *, by: str, rules: DeskRules, now: datetime) -> CustomerDemand:
    """Ask one seller. Raises ``Refused`` for one that does not sell now or was asked before."""
    note = bounded(note, "note", longest=LONGEST_NOTE)
    if not seller.is_selling:
        raise wrong("seller", _("This seller sells nothing at the moment."))
    with transaction.atomic():
        standing = Demand.objects.select_for_update(of=("self",)).get(pk=demand.pk)
        if CustomerDemand.objects.filter(demand=standing, seller=seller).exists():
            raise wrong("seller", _("This seller was asked for it already."))
        DEMAND.move_all([standing], DemandEvent.ASK_SELLER, now=now, actor=by, note=seller.slug)
        passed = CustomerDemand.objects.create(
            demand=standing, seller=seller, note=note, passed_at=now, passed_by=by, until=rules.seller_until(now)
        )
        jobs.schedule(TIMER, str(passed.pk), due_at=passed.until, payload={"customer_demand": passed.pk})
        outbox.publish(DemandPassed(customer_demand=passed.pk), now=now)
    return passed


def offer(passed: CustomerDemand, offered: Offer, *, now: datetime) -> None:
    """The seller answers who asked. Raises ``Refused``, ``IllegalTransition`` when it is no longer asked."""
    said = words(offered.words, "words", missing=_("Say what you offer: who asked reads it."), longest=LONGEST_ANSWER)
    product = named(offered.product, seller=passed.seller) if offered.product is not None else None
    with transaction.atomic():
        demand, standing = _locked(passed)
        CUSTOMER_DEMAND.move_all(
            [standing], CustomerDemandEvent.ACCEPT, now=now, actor=offered.by, words=said, product=product,
            answered_by=offered.by, ended_at=now,
        )  # fmt: skip
        DEMAND.move_all(
            [demand], DemandEvent.ANSWER, now=now, actor=offered.by, answer=said, product=product, seller=standing.seller,
            answered_by=offered.by, ended_at=now,
        )  # fmt: skip
        jobs.cancel(TIMER, str(standing.pk))
        outbox.publish(DemandAnswered(demand=demand.pk), now=now)


def decline(passed: CustomerDemand, why: str, *, by: str, rules: DeskRules, now: datetime) -> None:
    """The seller has nothing for it. Raises ``Refused``, ``IllegalTransition``."""
    said = words(why, "words", missing=_("Say why: the operators read it."), longest=LONGEST_ANSWER)
    with transaction.atomic():
        demand, standing = _locked(passed)
        CUSTOMER_DEMAND.move_all(
            [standing], CustomerDemandEvent.DECLINE, now=now, actor=by, words=said, answered_by=by, ended_at=now
        )
        DEMAND.move_all([demand], DemandEvent.RETURN, now=now, actor=by, due_at=rules.demand_due(now))
        jobs.cancel(TIMER, str(standing.pk))
        outbox.publish(DemandReturned(customer_demand=standing.pk, why="declined"), now=now)


def recall(demand: Demand, *, now: datetime) -> None:
    """Nobody waits for the seller any more; the caller holds the demand and moves it."""
    for standing in CustomerDemand.objects.select_for_update(of=("self",)).filter(
        demand=demand, status=CustomerDemand.Status.WAITING
    ):
        CUSTOMER_DEMAND.move_all([standing], CustomerDemandEvent.RECALL, now=now, ended_at=now)
        jobs.cancel(TIMER, str(standing.pk))
        outbox.publish(DemandRecalled(customer_demand=standing.pk), now=now)


def time_out(payload: Mapping[str, Any], now: datetime, *, rules: DeskRules) -> datetime | None:
    """Timer: the seller said nothing. It holds its own row, for which whoever acts on the demand may wait: so it does not wait
    for them, and looks again."""
    passed = CustomerDemand.objects.filter(pk=payload["customer_demand"]).first()
    if passed is None or passed.status != CustomerDemand.Status.WAITING:
        return None
    demand = Demand.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=passed.demand_id).first()
    if demand is None:
        return now + AGAIN
    passed.refresh_from_db()
    if passed.status != CustomerDemand.Status.WAITING:
        return None
    CUSTOMER_DEMAND.move_all([passed], CustomerDemandEvent.EXPIRE, now=now, ended_at=now)
    DEMAND.move_all([demand], DemandEvent.RETURN, now=now, due_at=rules.demand_due(now))
    outbox.publish(DemandReturned(customer_demand=passed.pk, why="expired"), now=now)
    return None


def named(pk: int, *, seller: Seller | None = None) -> Product:
    """A product that an answer names: it can be bought, and a seller names its own alone. Raises ``Refused``."""
    product = product_on_sale(pk=pk)
    if product is None or (seller is not None and product.seller_id != seller.pk):
        raise Refused("service_desk.product", _("Choose a product that is on sale."), 400, field="product")
    return product


def _locked(passed: CustomerDemand) -> tuple[Demand, CustomerDemand]:
    demand = Demand.objects.select_for_update(of=("self",)).get(pk=passed.demand_id)
    found = CustomerDemand.objects.select_for_update(of=("self",)).select_related("seller")
    return demand, found.get(pk=passed.pk)
