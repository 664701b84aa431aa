"""Collections are charged, debts are collected, and the ledger adds up (design money.md §2, §4, §6; business-rules
§4.4)."""

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
from tradepost.market.billing import arrears, collect_debt, explained, queries
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


def push_usage(service: Subscription, *values: str, at: datetime = NOW) -> None:
    push(service.seller, [item(service, at + n * HOUR, value) for n, value in enumerate(values)], now=LATER)


def charge_collection(cycle: str = "hour", *, shard: int = 2000, now: datetime = LATER) -> list[int]:
    """Close and charge a collection; return the amounts in order."""
    collection = collect.close(cycle, now=now)
    if collection is None:
        return []
    after = charge(collection, now=now, shard=shard)
    while after is not None:
        after = charge(collection, after=after, now=now, shard=shard)
    return list(Charge.objects.filter(collection=collection).order_by("pk").values_list("minor", flat=True))


def ledger_is_correct() -> bool:
    return ledger.verify().problems == () and queries.problems() == []


def balance(buyer: User) -> str:
    return str(ledger.buyer_account(buyer, "CNY").balance.major)


def count_transfers(kind: Account.Kind) -> int:
    return Entry.objects.filter(account__kind=kind).aggregate(total=Sum("amount_minor"))["total"] or 0


def test_charge_is_paid_from_the_balance_to_the_seller() -> None:
    service = make_metered(price=YUAN, buyer=make_buyer(balance="10"))
    push_usage(service, "3", "2.5")
    assert charge_collection() == [550]
    assert (balance(service.buyer), count_transfers(Account.Kind.SELLER), count_transfers(Account.Kind.DEBT)) == (
        "4.50",
        550,
        0,
    )
    [only_charge] = Charge.objects.all()
    assert (only_charge.open_minor, only_charge.quantity_before, only_charge.quantity_after, only_charge.seller) == (
        0,
        0,
        55_000,
        service.seller,
    )
    assert list(Allocation.objects.values_list("charge", "minor", "transfer__reason")) == [
        (only_charge.pk, 550, "collected")
    ]
    assert ledger_is_correct()


def test_collection_is_charged_once() -> None:
    service = make_metered(price=YUAN)
    push_usage(service, "3")
    collection = collect.close("hour", now=LATER)
    assert collection is not None
    for _try in range(2):
        charge(collection, now=LATER)
    assert list(Charge.objects.values_list("minor", flat=True)) == [300]
    assert Transfer.objects.filter(reason="charged").count() == 1


def test_five_collections_charge_the_documented_month() -> None:
    """§4: tier 6, 4, −1.92, 71.92, −20 = 60.00; a credit returns to the balance."""
    service = make_metered(price=TIER, buyer=make_buyer(balance="100"))
    amounts: list[int] = []
    for n, value in enumerate(("60", "40", "1", "899", "200")):
        push_usage(service, value, at=NOW + n * HOUR)
        amounts += charge_collection()
    assert amounts == [600, 400, -192, 7192, -2000]
    assert (balance(service.buyer), count_transfers(Account.Kind.SELLER)) == ("40.00", 6000)
    assert ledger_is_correct()


def test_each_month_of_the_markets_zone_is_summed_separately() -> None:
    service = make_metered(price=TIER)
    at = NOW.replace(day=31, hour=15)
    push(service.seller, [item(service, at, "100"), item(service, at + HOUR, "101")], now=at + 3 * HOUR)
    assert sorted(charge_collection(now=at + 4 * HOUR)) == [808, 1000]
    assert Accumulation.objects.count() == 2


def test_voided_record_is_credited_with_the_next_charge() -> None:
    service = make_metered(price=YUAN, buyer=make_buyer(balance="10"))
    push_usage(service, "3", "4")
    assert charge_collection() == [700]
    void(Record.objects.get(quantity=40_000), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    assert charge_collection() == [-400]
    assert (balance(service.buyer), count_transfers(Account.Kind.SELLER)) == ("7.00", 300)
    assert ledger_is_correct()


def test_records_are_priced_separately() -> None:
    """Catalog: accumulation none; one of two equal records is voided."""
    service = make_metered(price=on_demand(model=PriceModel.TIER, amount=None, bands=TIER.factors[0].bands))
    push_usage(service, "100", "100", "101")
    assert charge_collection() == [1000 + 1000 + 808]
    void(Record.objects.filter(quantity=1_000_000)[0], reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    assert charge_collection() == [-1000]
    assert ledger_is_correct()


def test_cycles_are_charged_separately_and_shards_give_the_same_total() -> None:
    buyer, seller = make_buyer(), make_seller()
    services = [make_metered(price=YUAN, buyer=buyer, seller=seller) for _n in range(3)]
    daily = make_metered(price=on_demand(amount=Decimal(1), cycle="day"), buyer=buyer, seller=seller)
    for service in [*services, daily]:
        push_usage(service, "1")
    assert charge_collection(shard=2) == [100, 100, 100]
    assert charge_collection("day") == [100]
    assert (count_transfers(Account.Kind.SELLER), Transfer.objects.filter(reason="charged").count()) == (400, 3)
    assert ledger_is_correct()


# --- debts ------------------------------------------------------------------------------------------------------------


def debts(buyer: User) -> list[int]:
    return list(Charge.objects.filter(buyer=buyer).order_by("pk").values_list("open_minor", flat=True))


def test_oldest_debt_is_collected_first() -> None:
    """§4: balance 6; owed 3, 5, 2.50 → 3, 3, 0."""
    buyer = make_buyer(balance="0")
    # Opened before there is a debt: a buyer with debts cannot open services.
    for service, value in [(make_metered(price=YUAN, buyer=buyer), value) for value in ("3", "5", "2.5")]:
        push_usage(service, value)
        charge_collection()
    assert debts(buyer) == [300, 500, 250]
    assert (
        count_transfers(Account.Kind.DEBT),
        count_transfers(Account.Kind.UNCOLLECTED),
        count_transfers(Account.Kind.SELLER),
    ) == (-1050, 1050, 0)
    assert ledger_is_correct()
    ledger.top_up(buyer, Money.of(6, "CNY"), reference="B1", actor="op", now=LATER)
    assert collect_debt.collect(buyer, "CNY", now=LATER) == 600
    assert (debts(buyer), balance(buyer)) == ([0, 200, 250], "0.00")
    assert ledger_is_correct()
    ledger.top_up(buyer, Money.of(6, "CNY"), reference="B2", actor="op", now=LATER)
    assert collect_debt.collect(buyer, "CNY", now=LATER) == 450
    assert (debts(buyer), balance(buyer), count_transfers(Account.Kind.DEBT)) == ([0, 0, 0], "1.50", 0)
    assert collect_debt.collect(buyer, "CNY", now=LATER) == 0
    assert ledger_is_correct()


def test_credit_reduces_debts_first() -> None:
    """§2: a credit reduces uncollected debts first; the rest goes from seller to buyer."""
    service = make_metered(price=YUAN, buyer=make_buyer(balance="2"))
    push_usage(service, "3", "1")
    assert charge_collection() == [400]
    assert (debts(service.buyer), balance(service.buyer)) == ([200], "0.00")
    void(Record.objects.get(quantity=30_000), reason="never used", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    assert charge_collection() == [-300]
    assert (debts(service.buyer), balance(service.buyer), count_transfers(Account.Kind.SELLER)) == ([0, 0], "1.00", 100)
    assert ledger_is_correct()


# --- arrears ----------------------------------------------------------------------------------------------------------


def balance_changed(buyer: User, *, now: datetime) -> None:
    arrears.on_debt_changed(DebtChanged(buyer=buyer.pk, currency="CNY"), now, levels=LEVELS)


def owing_service(level: str = "", value: str = "3", buyer: User | None = None) -> Subscription:
    service = make_metered(price=YUAN, buyer=buyer or make_buyer(balance="0", level=level))
    push_usage(service, value)
    charge_collection()
    return service


@pytest.mark.parametrize(("level", "freezes", "releases"), [("V0", 0, 1), ("V1", 0, 7), ("V3", 1, 8), ("V5", 7, 22)])
def test_grace_and_retention_follow_the_level(level: str, freezes: int, releases: int) -> None:
    """§4: 1 March 10:15 → V0 freeze now, release 2nd; V3 2nd/9th; V5 8th/23rd (business-rules §4.4)."""
    service, arrears_start = owing_service(level), NOW.replace(day=1, hour=10, minute=15)
    balance_changed(service.buyer, now=arrears_start)
    [only_arrears] = Arrears.objects.all()
    assert (only_arrears.level, only_arrears.freezes_at, only_arrears.releases_at) == (
        level,
        arrears_start + freezes * DAY,
        arrears_start + releases * DAY,
    )
    balance_changed(service.buyer, now=LATER + DAY)
    assert Arrears.objects.count() == 1


def reload(service: Subscription) -> Subscription:
    return Subscription.objects.get(pk=service.pk)


def pay(buyer: User, amount: str, *, now: datetime) -> None:
    ledger.top_up(buyer, Money.of(amount, "CNY"), reference=f"BANK-{now}", actor="op", now=now)
    collect_debt.collect(buyer, "CNY", now=now)
    balance_changed(buyer, now=now)


def test_payment_lifts_only_the_freeze_for_arrears() -> None:
    other_metered = make_metered(price=YUAN, buyer=make_buyer(balance="0"))
    service = owing_service(buyer=other_metered.buyer)
    add_reason(
        [Subscription.objects.select_for_update().get(pk=other_metered.pk)],
        Freeze.Reason.OPERATOR,
        actor="op",
        note="x",
        now=LATER,
    )
    balance_changed(service.buyer, now=LATER)
    only_arrears = Arrears.objects.get()
    assert arrears.run({"arrears": only_arrears.pk}, LATER) == LATER + DAY
    assert (reload(service).status, Arrears.objects.get().status) == ("frozen", "frozen")
    assert Freeze.objects.filter(reason="arrears", lifted_at=None).count() == 2
    pay(service.buyer, "1", now=LATER + HOUR)
    assert reload(service).status == "frozen"
    pay(service.buyer, "2", now=LATER + 2 * HOUR)
    assert (reload(service).status, reload(other_metered).status, Arrears.objects.get().status) == (
        "active",
        "frozen",
        "paid",
    )
    assert list(Freeze.objects.filter(lifted_at=None).values_list("reason", flat=True)) == ["operator"]
    assert arrears.run({"arrears": only_arrears.pk}, LATER + DAY) is None
    assert set(Event.objects.values_list("name", flat=True)) >= {"arrears_began", "arrears_cleared"}


def test_unpaid_service_is_deleted_after_the_retention() -> None:
    service = owing_service()
    balance_changed(service.buyer, now=LATER)
    only_arrears = Arrears.objects.get()
    arrears.run({"arrears": only_arrears.pk}, LATER)
    assert arrears.run({"arrears": only_arrears.pk}, LATER + DAY) is None
    assert Arrears.objects.get().status == "released"
    assert service.operations.filter(kind="release").exists()
    pay(service.buyer, "3", now=LATER + 2 * DAY)
    assert (Arrears.objects.get().status, balance(service.buyer)) == ("paid", "0.00")


def test_service_is_not_frozen_within_the_grace() -> None:
    service = owing_service("V5")
    balance_changed(service.buyer, now=LATER)
    assert arrears.run({"arrears": Arrears.objects.get().pk}, LATER + DAY) == LATER + 7 * DAY
    assert reload(service).status == "active"


# --- explanations -----------------------------------------------------------------------------------------------------
def test_charge_is_explained_to_its_records_for_its_buyer_only(client: Client) -> None:
    """Issue 13: charge → accumulation → records → push, in three clicks."""
    service = make_metered(price=TIER, buyer=make_buyer(balance="100"))
    push_usage(service, "60", "41")
    charge_collection()
    only_charge = Charge.objects.get()
    client.force_login(service.buyer)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    list_page = client.get("/charges/").content.decode()
    assert f"/charges/{only_charge.pk}/" in list_page
    page = client.get(f"/charges/{only_charge.pk}/").content.decode()
    for text in ("0 before, 101 now: 101", "101 × ¥\xa00.08", "8.08", "60 calls", "41 calls"):
        assert text in page, text
    assert "60 calls" in client.get(f"/services/{service.pk}/usage/").content.decode()
    client.force_login(make_buyer())
    for path in (f"/charges/{only_charge.pk}/", f"/services/{service.pk}/usage/"):
        assert client.get(path).status_code == 404
    assert f"/charges/{only_charge.pk}/" not in client.get("/charges/").content.decode()


def test_charge_is_explained_in_the_shell() -> None:
    """Issue 13: tradepost explain."""
    service = make_metered(price=TIER, buyer=make_buyer(balance="100"))
    push_usage(service, "60")
    charge_collection()
    only_charge = Charge.objects.get()
    explanation = explained.explain_charge(explained.find_charge(f"charge:{only_charge.pk}") or only_charge)
    assert (explanation.verdict, str(explanation.said.major)) == ("same", "6.00")
    assert f"push {Record.objects.get().push_id} " in explanation.note
    assert [explained.find_charge(reference) for reference in ("charge:0", "charge:x", "12", "charge:" + "9" * 40)] == [
        None
    ] * 4


def test_check_finds_a_charge_that_its_inputs_do_not_explain() -> None:
    service = make_metered(price=YUAN)
    push_usage(service, "3")
    charge_collection()
    Charge.objects.update(quantity_after=1)
    assert any("its inputs" in problem for problem in queries.problems())


def test_operators_find_nonzero_charges_past_any_number_of_zero_ones() -> None:
    """Cheap services mostly make charges below one minor unit; nobody should page through them."""
    service = make_metered(price=on_demand(amount=Decimal("0.001")))
    amounts = []
    for n, value in enumerate(("1", "20", "1", "1")):
        push_usage(service, value, at=NOW + n * HOUR)
        amounts += charge_collection(now=LATER + n * DAY)
    assert amounts == [0, 2, 0, 0]
    with CaptureQueriesContext(connection) as captured:
        assert [day.amount.minor for day in queries.charges_by_operator(queries.ChargeFilter()).rows] == [2]
    charge_query = captured.captured_queries[0]["sql"]  # the next query reads their services by key
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
            cursor.execute("ANALYZE billing_charge")  # statistics of earlier tests do not fit these rows
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + charge_query)
        assert "charge_of_something" in str(cursor.fetchall())
