"""Demands of the demo: one open, one answered with a product, one passed to a seller.

They are created when the demo starts rather than when it is built, since they have deadlines of some days.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

from django.db import transaction

from tradepost.market.catalog.shelf_queries import product_on_sale
from tradepost.market.identity.models import Seller, User
from tradepost.market.service_desk.customer_demands import forward_to_seller
from tradepost.market.service_desk.demand_answers import Answer, answer
from tradepost.market.service_desk.demands import RaiseDemand, raise_demand
from tradepost.market.service_desk.desk_rules import DeskRules
from tradepost.market.service_desk.models import Demand

from .data_files import DataTable, read
from .people import OPERATOR


class DemoDemand(DataTable, frozen=True, kw_only=True):
    """A demand. ``answer``: an operator's answer with ``product``; ``seller``: the asked seller with a ``note``. By
    slugs."""

    contact: str
    email: str
    language: str
    requirement: str
    phone: str = ""
    searched: str = ""
    shares_contact: bool = False
    answer: str = ""
    product: str = ""
    seller: str = ""
    note: str = ""


class DemandFile(DataTable, frozen=True, kw_only=True):
    demand: tuple[DemoDemand, ...]


@cache
def demands() -> tuple[DemoDemand, ...]:
    """Read the data file. Raises ``InvalidData``."""
    return read("demands.toml", DemandFile).demand


def create_demands(*, rules: DeskRules, now: datetime) -> None:
    """Create the demands unless any demand exists. Answers need published products."""
    with transaction.atomic():
        if Demand.objects.exists():
            return
        for demo_demand in demands():
            _create_demand(demo_demand, rules, now)


def _create_demand(demo_demand: DemoDemand, rules: DeskRules, now: datetime) -> None:
    command = RaiseDemand(
        contact=demo_demand.contact, email=demo_demand.email, phone=demo_demand.phone, requirement=demo_demand.requirement, language=demo_demand.language,
        searched=demo_demand.searched, shares_contact=demo_demand.shares_contact, buyer=User.objects.filter(email=demo_demand.email).first(),
    )  # fmt: skip
    demand = raise_demand(command, rules=rules, allowed=None, now=now).demand
    if demo_demand.answer:
        product = product_on_sale(slug=demo_demand.product)
        operator_answer = Answer(by=OPERATOR.email, words=demo_demand.answer, product=product.pk if product else None)
        answer(demand, operator_answer, now=now)
    if demo_demand.seller:
        forward_to_seller(
            demand,
            Seller.objects.get(slug=demo_demand.seller),
            demo_demand.note,
            by=OPERATOR.email,
            rules=rules,
            now=now,
        )
