"""Collections are charged, debts are collected, and the ledger agrees (design money.md §2, §4, §6; business-rules §4.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_buyer, make_seller
from tests.factories.metering import ZONE, item, make_metered, on_demand, push
from tradepost.market.base.models import Event
from tradepost.market.base.money import Money
from tradepost.market.billing import arrears, collect_debt, explained, operator_queries, queries
from tradepost.market.billing.charge import charge
from tradepost.market.billing.events import DebtChanged
from tradepost.market.billing.models import Accumulation, Allocation, Arrears, Charge
from tradepost.market.catalog.document import UsageBand
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.identity.models import User
from tradepost.market.metering import collect
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.subscriptions.levels import levels_of
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 12 * HOUR
YUAN = on_demand(amount=Decimal(1))
LEVELS = levels_of(default="V0", grace_days=(0, 0, 0, 1, 7, 7), retention_days=(1, 7, 7, 7, 15, 15))
TIER = on_demand(
    model=PriceModel.TIER, accumulation="month", amount=None,
    bands=(UsageBand(upto=Decimal(100), amount=Decimal("0.10")), UsageBand(upto=Decimal(1000), amount=Decimal("0.08")),
           UsageBand(amount=Decimal("0.05"))),
)  # fmt: skip


def used(service: Subscription, *values: str, at: datetime = NOW) -> None:
    push(service.seller, [item(service, at + n * HOUR, value) for n, value in enumerate(values)], now=LATER)


def charged(cycle: str = "hour", *, shard: int = 2000, now: datetime = LATER) -> list[int]:
    """Close and charge; the amounts in their order."""
    collection = collect.close(cycle, now=now)
    if collection is None:
        return []
    after = charge(collection, now=now, shard=shard)
    while after is not None:
        after = charge(collection, after=after, now=now, shard=shard)
    return list(Charge.objects.filter(collection=collection).order_by("pk").values_list("minor", flat=True))


def sound() -> bool:
    return ledger.verify().problems == () and queries.problems() == []


def balance(buyer: User) -> str:
    return str(ledger.buyer_account(buyer, "CNY").balance.major)


def of(kind: Account.Kind) -> int:
    return Entry.objects.filter(account__kind=kind).aggregate(total=Sum("amount_minor"))["total"] or 0


def test_what_is_charged_is_paid_from_the_balance_and_is_the_sellers() -> None:
    service = make_metered(price=YUAN, buyer=make_buyer(balance="10"))
    used(service, "3", "2.5")
    assert charged() == [550]
    assert (balance(service.buyer), of(Account.Kind.SELLER), of(Account.Kind.DEBT)) == ("4.50", 550, 0)
    [one] = Charge.objects.all()
    assert (one.open_minor, one.quantity_before, one.quantity_after, one.seller) == (0, 0, 55_000, service.seller)
    assert list(Allocation.objects.values_list("charge", "minor", "transfer__reason")) == [(one.pk, 550, "collected")]
    assert sound()


def test_a_collection_is_charged_once() -> None:
    service = make_metered(price=YUAN)
    used(service, "3")
    collection = collect.close("hour", now=LATER)
    assert collection is not None
    for _try in range(2):
        charge(collection, now=LATER)
    assert list(Charge.objects.values_list("minor", flat=True)) == [300]
    assert Transfer.objects.filter(reason="charged").count() == 1


def test_the_month_of_the_page_in_five_collections() -> None:
    """§4: tier 6, 4, −1.92, 71.92, −20 = 60.00; a credit goes back to the balance."""
    service = make_metered(price=TIER, buyer=make_buyer(balance="100"))
    found: list[int] = []
    for n, value in enumerate(("60", "40", "1", "899", "200")):
        used(service, value, at=NOW + n * HOUR)
        found += charged()
    assert found == [600, 400, -192, 7192, -2000]
    assert (balance(service.buyer), of(Account.Kind.SELLER)) == ("40.00", 6000)
    assert sound()


def test_each_month_of_the_markets_zone_adds_up_by_itself() -> None:
    service = make_metered(price=TIER)
    at = NOW.replace(day=31, hour=15)
    push(service.seller, [item(service, at, "100"), item(service, at + HOUR, "101")], now=at + 3 * HOUR)
    assert sorted(charged(now=at + 4 * HOUR)) == [808, 1000]
    assert Accumulation.objects.count() == 2


def test_a_void_is_credited_with_the_next_charge() -> None:
    service = make_metered(price=YUAN, buyer=make_buyer(balance="10"))
    used(service, "3", "4")
    assert charged() == [700]
    void(Record.objects.get(quantity=40_000), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    assert charged() == [-400]
    assert (balance(service.buyer), of(Account.Kind.SELLER)) == ("7.00", 300)
    assert sound()


def test_priced_record_by_record() -> None:
    """Catalog: accumulation none; of two equal records one is voided."""
    service = make_metered(price=on_demand(model=PriceModel.TIER, amount=None, bands=TIER.factors[0].bands))
    used(service, "100", "100", "101")
    assert charged() == [1000 + 1000 + 808]
    void(Record.objects.filter(quantity=1_000_000)[0], reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    assert charged() == [-1000]
    assert sound()


def test_cycles_are_charged_apart_and_shards_come_to_the_same() -> None:
    buyer, seller = make_buyer(), make_seller()
    services = [make_metered(price=YUAN, buyer=buyer, seller=seller) for _n in range(3)]
    daily = make_metered(price=on_demand(amount=Decimal(1), cycle="day"), buyer=buyer, seller=seller)
    for service in [*services, daily]:
        used(service, "1")
    assert charged(shard=2) == [100, 100, 100]
    assert charged("day") == [100]
    assert (of(Account.Kind.SELLER), Transfer.objects.filter(reason="charged").count()) == (400, 3)
    assert sound()


# --- debts ------------------------------------------------------------------------------------------------------------


def debts(buyer: User) -> list[int]:
    return list(Charge.objects.filter(buyer=buyer).order_by("pk").values_list("open_minor", flat=True))


def test_the_oldest_is_collected_first() -> None:
    """§4: balance 6; owed 3, 5, 2.50 → 3, 3, 0."""
    buyer = make_buyer(balance="0")
    # Opened before anything is owed: who owes opens nothing more.
    for service, value in [(make_metered(price=YUAN, buyer=buyer), value) for value in ("3", "5", "2.5")]:
        used(service, value)
        charged()
    assert debts(buyer) == [300, 500, 250]
    assert (of(Account.Kind.DEBT), of(Account.Kind.UNCOLLECTED), of(Account.Kind.SELLER)) == (-1050, 1050, 0)
    assert sound()
    ledger.top_up(buyer, Money.of(6, "CNY"), reference="B1", actor="op", now=LATER)
    assert collect_debt.collect(buyer, "CNY", now=LATER) == 600
    assert (debts(buyer), balance(buyer)) == ([0, 200, 250], "0.00")
    assert sound()
    ledger.top_up(buyer, Money.of(6, "CNY"), reference="B2", actor="op", now=LATER)
    assert collect_debt.collect(buyer, "CNY", now=LATER) == 450
    assert (debts(buyer), balance(buyer), of(Account.Kind.DEBT)) == ([0, 0, 0], "1.50", 0)
    assert collect_debt.collect(buyer, "CNY", now=LATER) == 0
    assert sound()


def test_a_credit_cuts_what_is_owed_first() -> None:
    """§2: a credit cuts uncollected debt first, then seller → buyer."""
    service = make_metered(price=YUAN, buyer=make_buyer(balance="2"))
    used(service, "3", "1")
    assert charged() == [400]
    assert (debts(service.buyer), balance(service.buyer)) == ([200], "0.00")
    void(Record.objects.get(quantity=30_000), reason="never used", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    assert charged() == [-300]
    assert (debts(service.buyer), balance(service.buyer), of(Account.Kind.SELLER)) == ([0, 0], "1.00", 100)
    assert sound()


# --- arrears ----------------------------------------------------------------------------------------------------------


def changed(buyer: User, *, now: datetime) -> None:
    arrears.on_debt_changed(DebtChanged(buyer=buyer.pk, currency="CNY"), now, levels=LEVELS)


def owing(level: str = "", value: str = "3", buyer: User | None = None) -> Subscription:
    service = make_metered(price=YUAN, buyer=buyer or make_buyer(balance="0", level=level))
    used(service, value)
    charged()
    return service


@pytest.mark.parametrize(("level", "freezes", "releases"), [("V0", 0, 1), ("V1", 0, 7), ("V3", 1, 8), ("V5", 7, 22)])
def test_grace_and_retention_by_level(level: str, freezes: int, releases: int) -> None:
    """§4: 1 March 10:15 → V0 freeze now, release 2nd; V3 2nd/9th; V5 8th/23rd (business-rules §4.4)."""
    service, began = owing(level), NOW.replace(day=1, hour=10, minute=15)
    changed(service.buyer, now=began)
    [found] = Arrears.objects.all()
    assert (found.level, found.freezes_at, found.releases_at) == (level, began + freezes * DAY, began + releases * DAY)
    changed(service.buyer, now=LATER + DAY)
    assert Arrears.objects.count() == 1


def reload(service: Subscription) -> Subscription:
    return Subscription.objects.get(pk=service.pk)


def pay(buyer: User, amount: str, *, now: datetime) -> None:
    ledger.top_up(buyer, Money.of(amount, "CNY"), reference=f"BANK-{now}", actor="op", now=now)
    collect_debt.collect(buyer, "CNY", now=now)
    changed(buyer, now=now)


def test_frozen_then_paid_lifts_what_arrears_froze_and_nothing_else() -> None:
    other = make_metered(price=YUAN, buyer=make_buyer(balance="0"))
    service = owing(buyer=other.buyer)
    add_reason(
        [Subscription.objects.select_for_update().get(pk=other.pk)],
        Freeze.Reason.OPERATOR,
        actor="op",
        note="x",
        now=LATER,
    )
    changed(service.buyer, now=LATER)
    found = Arrears.objects.get()
    assert arrears.run({"arrears": found.pk}, LATER) == LATER + DAY
    assert (reload(service).status, Arrears.objects.get().status) == ("frozen", "frozen")
    assert Freeze.objects.filter(reason="arrears", lifted_at=None).count() == 2
    pay(service.buyer, "1", now=LATER + HOUR)
    assert reload(service).status == "frozen"
    pay(service.buyer, "2", now=LATER + 2 * HOUR)
    assert (reload(service).status, reload(other).status, Arrears.objects.get().status) == ("active", "frozen", "paid")
    assert list(Freeze.objects.filter(lifted_at=None).values_list("reason", flat=True)) == ["operator"]
    assert arrears.run({"arrears": found.pk}, LATER + DAY) is None
    assert set(Event.objects.values_list("name", flat=True)) >= {"arrears_began", "arrears_cleared"}


def test_what_is_never_paid_is_deleted_after_the_retention() -> None:
    service = owing()
    changed(service.buyer, now=LATER)
    found = Arrears.objects.get()
    arrears.run({"arrears": found.pk}, LATER)
    assert arrears.run({"arrears": found.pk}, LATER + DAY) is None
    assert Arrears.objects.get().status == "released"
    assert service.operations.filter(kind="release").exists()
    pay(service.buyer, "3", now=LATER + 2 * DAY)
    assert (Arrears.objects.get().status, balance(service.buyer)) == ("paid", "0.00")


def test_within_the_grace_nothing_is_frozen() -> None:
    service = owing("V5")
    changed(service.buyer, now=LATER)
    assert arrears.run({"arrears": Arrears.objects.get().pk}, LATER + DAY) == LATER + 7 * DAY
    assert reload(service).status == "active"


# --- explained --------------------------------------------------------------------------------------------------------
def test_a_charge_is_explained_down_to_its_records_and_is_nobody_elses(client: Client) -> None:
    """Issue 13: charge → accumulation → records → push, in three clicks."""
    service = make_metered(price=TIER, buyer=make_buyer(balance="100"))
    used(service, "60", "41")
    charged()
    one = Charge.objects.get()
    client.force_login(service.buyer)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    listed = client.get("/charges/").content.decode()
    assert f"/charges/{one.pk}/" in listed
    page = client.get(f"/charges/{one.pk}/").content.decode()
    for shown in ("0 before, 101 now: 101", "101 × ¥\xa00.08", "8.08", "60 calls", "41 calls"):
        assert shown in page, shown
    assert "60 calls" in client.get(f"/services/{service.pk}/usage/").content.decode()
    client.force_login(make_buyer())
    for path in (f"/charges/{one.pk}/", f"/services/{service.pk}/usage/"):
        assert client.get(path).status_code == 404
    assert f"/charges/{one.pk}/" not in client.get("/charges/").content.decode()


def test_a_charge_is_explained_in_the_shell() -> None:
    """Issue 13: tradepost explain."""
    service = make_metered(price=TIER, buyer=make_buyer(balance="100"))
    used(service, "60")
    charged()
    one = Charge.objects.get()
    found = explained.explained(explained.find(f"charge:{one.pk}") or one)
    assert (found.verdict, str(found.said.major)) == ("same", "6.00")
    assert f"push {Record.objects.get().push_id} " in found.note
    assert [explained.find(what) for what in ("charge:0", "charge:x", "12", "charge:" + "9" * 40)] == [None] * 4


def test_the_check_finds_a_charge_that_its_inputs_do_not_explain() -> None:
    service = make_metered(price=YUAN)
    used(service, "3")
    charged()
    Charge.objects.update(quantity_after=1)
    assert any("its inputs" in problem for problem in queries.problems())


def test_operators_find_the_newest_charges_past_any_number_that_came_to_nothing() -> None:
    """Parts of a coin are most of what cheap services use: nobody reads them to find the others."""
    service = make_metered(price=on_demand(amount=Decimal("0.001")))
    amounts = []
    for n, value in enumerate(("1", "20", "1", "1")):
        used(service, value, at=NOW + n * HOUR)
        amounts += charged(now=LATER + n * DAY)
    assert amounts == [0, 2, 0, 0]
    with CaptureQueriesContext(connection) as captured:
        assert [one.minor for one in operator_queries.charges().rows] == [2]
    [asked] = [one["sql"] for one in captured.captured_queries]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + asked)
        assert "charge_of_something" in str(cursor.fetchall())
