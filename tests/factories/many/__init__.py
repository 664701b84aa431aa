"""A market with as many orders as one likes, written by the database itself: for plans and timings, not for rules.

PostgreSQL only. Everything hangs on a table of stories, one for each order, numbered by age: who bought what, and how far
it is. What a column is worth is an SQL expression over ``o`` (a story); a column that is not named gets the model's
default, so that a new one mostly needs nothing here. The newest 800 orders are under way, each hundred in a state of its
own, whatever the size; all others are history.

Seller 1 has a tenth of all orders and buyer 1 a hundredth, so that the largest of each grow with the market; sellers
stay as many as they are, and buyers become more.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from tests.factories.companies import handed_in
from tests.factories.pictures import make_picture, make_proof
from tradepost.market.base.models import Event, Job, Move
from tradepost.market.catalog.models import (
    AttributeTemplate,
    Category,
    Factor,
    Offer,
    Product,
    Sku,
    Spec,
    UpgradeRule,
    Version,
)
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.first_agreements import make_first
from tradepost.market.identity.models import (
    AccessKey,
    Domain,
    Group,
    Invitation,
    Member,
    Seller,
    SigningKey,
    StagedKey,
    User,
)
from tradepost.market.notifications.models import Mail, Notice
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import kept_sums
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.production.models import Address, Attempt, Binding, Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription

from .calls import calls
from .debugged import debugged
from .insert import indexed_afterwards, run, unchecked
from .operations import operations
from .orders import orders, subscriptions
from .rest import money, notices, work
from .shop import AK, SK, acting_for_the_first, people_and_products
from .stories import STORIES, UNDER_WAY, Size, stories

__all__ = ["AK", "GROWING", "SK", "STORIES", "UNDER_WAY", "Size", "analyze", "fill"]
GROWING = (
    Order, OrderLine, Subscription, Period, Freeze, Operation, Call, Attempt, Notice, Mail, Transfer, Entry, Move, Event, Job,
)  # fmt: skip
"""The models whose rows become more with every order."""


def fill(size: Size, *, now: datetime) -> None:
    """Fill an empty market. Some 30 statements, whatever the size."""
    if size.orders < 5000:
        raise ValueError("below 5,000 orders the stories of what is under way have no past to stand on")
    with transaction.atomic(), unchecked(), indexed_afterwards(GROWING):
        people_and_products(size, now)
        acting_for_the_first(size, now)
        stories(size, now)
        orders()
        subscriptions(now)
        calls(size, now)
        operations(size, now)
        notices(size)
        money(size, now)
        work(size, now)
        debugged(size, now)
        count_on()
    kept_sums.move_on()
    _handed_in(Seller.objects.get(pk=1), now)


def _handed_in(seller: Seller, now: datetime) -> None:
    """What the largest seller gave the market to look at: submissions, a picture, a document."""
    make_first(Agreement.objects)
    handed_in(seller, now=now)
    sku = Sku.objects.get(pk=1)
    UpgradeRule.objects.create(
        pk=1, source=sku, target=Sku.objects.get(pk=3), created_at=now, lapsed_at=now, why="price"
    )
    make_picture(seller)
    make_proof(seller)


def analyze(*, vacuum: bool) -> None:
    """Let the planner know what is there. ``vacuum`` also marks pages as visible to all; not inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if vacuum else "ANALYZE")


def count_on() -> None:
    """Keys that the market gives from here on come after those that were given here."""
    for model in (
        *GROWING,
        User,
        Seller,
        Member,
        Domain,
        AttributeTemplate,
        Group,
        Invitation,
        StagedKey,
        SigningKey,
        AccessKey,
        Address,
        Category,
        Product,
        Binding,
        Spec,
        Sku,
        Offer,
        Version,
        Factor,
        Account,
        DebugCase,
        DebugRun,
    ):
        table = model._meta.db_table
        run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))")
