"""Demands of the demo, by the verbs of the pages: one waits for an operator, one was answered with a product, a seller is asked for
one. They are raised where the demo is begun with, not where it is made, since days are given for each."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from django.db import transaction

from tradepost.market.catalog.shelf_queries import product_on_sale
from tradepost.market.identity.models import Seller, User
from tradepost.market.service_desk.customer_demands import pass_on
from tradepost.market.service_desk.demand_answers import Answer, answer
from tradepost.market.service_desk.demands import RaiseDemand, raise_demand
from tradepost.market.service_desk.desk_rules import DeskRules
from tradepost.market.service_desk.models import Demand

from .data_files import Data, read
from .people import OPERATOR


class DemoDemand(Data, frozen=True, kw_only=True):
    """``answer``: of an operator, who names ``product``; ``seller``: who is asked, with a ``note``. All three by their slugs."""

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


class DemandFile(Data, frozen=True, kw_only=True):
    demand: tuple[DemoDemand, ...]


@cache
def demands() -> tuple[DemoDemand, ...]:
    """Raises ``BadData``."""
    return read("demands.toml", DemandFile).demand


def ask(*, rules: DeskRules, now: datetime) -> None:
    """Once: where any demand is there nothing is asked. The demo must be walked, since an answer names what is on sale."""
    with transaction.atomic():
        if Demand.objects.exists():
            return
        for said in demands():
            _ask(said, rules, now)


def _ask(said: DemoDemand, rules: DeskRules, now: datetime) -> None:
    asked = RaiseDemand(
        contact=said.contact, email=said.email, phone=said.phone, requirement=said.requirement, language=said.language,
        searched=said.searched, shares_contact=said.shares_contact, buyer=User.objects.filter(email=said.email).first(),
    )  # fmt: skip
    demand = raise_demand(asked, rules=rules, allowed=None, now=now).demand
    if said.answer:
        product = product_on_sale(slug=said.product)
        given = Answer(by=OPERATOR.email, words=said.answer, product=product.pk if product else None)
        answer(demand, given, now=now)
    if said.seller:
        pass_on(demand, Seller.objects.get(slug=said.seller), said.note, by=OPERATOR.email, rules=rules, now=now)
