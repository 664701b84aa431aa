"""Invoices for usage, by service and month of the market's time zone (business-rules §6.2, §4.7; money.md §2, §6)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_member
from tests.factories.metering import ZONE, make_metered, on_demand
from tests.market.engine import react
from tests.market.fulfilment.services import service, told
from tests.market.invoices.applying import issued, number_of, seller_person
from tests.market.invoices.usage import (
    APRIL,
    DAY,
    HOUR,
    MARCH,
    MARCH_ENDS,
    apply_for_usage,
    balance,
    charge_all,
    month,
    problems,
    top_up,
    use,
    void_it,
)
from tradepost.market.base.errors import Refused
from tradepost.market.billing.models import Arrears, Charge, UsageMonth
from tradepost.market.catalog.document import UsageBand
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.invoices.apply import cancel
from tradepost.market.invoices.letters import make_letter
from tradepost.market.invoices.models import Invoice, InvoiceItem
from tradepost.market.invoices.queries import of_order, sellers_to_ask, usage_candidates
from tradepost.market.invoices.take_back import reject, take_back
from tradepost.market.metering.measured import Measured, store
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.invoice_letters import letter_facts

pytestmark = pytest.mark.django_db
YUAN = on_demand(amount=Decimal(1))
TIER = on_demand(
    model=PriceModel.TIER, accumulation="month", amount=None,
    bands=(UsageBand(upto=Decimal(100), amount=Decimal(1)), UsageBand(amount=Decimal("0.5"))),
)  # fmt: skip


def metered(balance: str = "1000", **more: object) -> Subscription:
    held = make_metered(buyer=make_buyer(balance=balance), **({"price": YUAN} | more))  # type: ignore[arg-type]
    make_member(held.seller, make_buyer(balance="0"))
    return held


def returned(invoice: Invoice, now: datetime = APRIL) -> None:
    take_back(invoice, red_letter="RL-0001", reason="Usage was corrected.", by=seller_person(invoice), now=now)
    react(now=now)


def facts() -> tuple[object, ...]:
    """All that a refusal must leave as it was."""
    return (
        list(Invoice.objects.order_by("pk").values_list("status", "amount_minor")),
        list(InvoiceItem.objects.order_by("pk").values_list("source", "minor", "live")),
        list(UsageMonth.objects.order_by("pk").values_list("paid_minor", "invoiced_minor")),
        Record.objects.count(), list(Charge.objects.order_by("pk").values_list("minor", "open_minor", "waiting_minor")),
    )  # fmt: skip


def test_the_usage_of_a_month_is_invoiced_as_it_was_paid() -> None:
    """§6.2, money.md §2: "`usage:<subscription>:<yyyymm>` (closed month)". The order itself cost nothing."""
    held = metered()
    use(held, 3, "2.5", at=NOW, now=NOW + 4 * HOUR)
    charge_all(now=NOW + 4 * HOUR)
    invoice = apply_for_usage(held)
    assert (invoice.amount_minor, invoice.seller, invoice.buyer) == (550, held.seller, held.buyer)
    [item] = InvoiceItem.objects.all()
    assert (item.source, item.minor, item.line) == (f"usage:{held.pk}:{MARCH}", 550, None)
    assert (month(held), problems()) == ((550, 550), [])
    issued(invoice, now=APRIL)
    assert Invoice.objects.get().status == "done"


def test_an_hour_belongs_to_the_month_of_the_markets_time_zone() -> None:
    """Issue 26: the amount of a month is exact, and the month is market time: 23:00 of 31 March is 15:00 UTC."""
    held = metered()
    use(held, 3, 5, at=MARCH_ENDS - HOUR, now=MARCH_ENDS + 2 * HOUR)
    charge_all(now=MARCH_ENDS + 2 * HOUR)
    assert (month(held), month(held, "202604")) == ((300, 0), (500, 0))
    assert apply_for_usage(held).amount_minor == 300


@pytest.mark.parametrize(
    ("now", "code"),
    [(MARCH_ENDS - HOUR, "not_over"), (APRIL - timedelta(seconds=1), "not_over"), (APRIL, ""), (APRIL + 400 * DAY, "")],
)
def test_a_month_is_invoiced_once_it_is_over_and_charged(now: datetime, code: str) -> None:
    """money.md §2: a closed month. Reports for its last hour may come until 02:00 (§4.8)."""
    held = metered()
    use(held, 1, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    before = facts()
    if not code:
        assert apply_for_usage(held, now=now).amount_minor == 100
        return
    with pytest.raises(Refused, match=rf"invoice\.{code}"):
        apply_for_usage(held, now=now)
    assert facts() == before


def test_a_month_waits_until_all_that_came_for_it_is_charged() -> None:
    held = metered()
    use(held, 1, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    use(held, 2, at=MARCH_ENDS - 2 * HOUR, now=APRIL)
    with pytest.raises(Refused, match=r"invoice\.not_charged"):
        apply_for_usage(held, now=APRIL)
    [shown] = usage_candidates(held.buyer, held.seller, now=APRIL).rows
    assert (shown.amount, bool(shown.why)) == (None, True)
    charge_all(now=APRIL)
    assert apply_for_usage(held, now=APRIL).amount_minor == 300


@pytest.mark.parametrize("cycle", ["hour", "day", "month"])
def test_every_billing_cycle(cycle: str) -> None:
    """§3.2: usage is charged each hour, day or month. A monthly charge for March is made in April."""
    held = metered(price=on_demand(amount=Decimal(1), cycle=cycle))
    use(held, 3, at=NOW, now=NOW + 2 * HOUR)
    use(held, 4, at=MARCH_ENDS - HOUR, now=MARCH_ENDS)
    charge_all(now=MARCH_ENDS + 2 * HOUR)
    assert (apply_for_usage(held).amount_minor, problems()) == (700, [])


def test_what_is_not_paid_is_invoiced_once_it_is_paid() -> None:
    """Only payments are invoiced; settled arrears follow as a further part of the month."""
    held = metered("4")
    use(held, 3, 2, 5, at=NOW, now=NOW + 4 * HOUR)
    charge_all(now=NOW + 4 * HOUR)
    [shown] = usage_candidates(held.buyer, held.seller, now=APRIL).rows
    assert (shown.amount and shown.amount.minor, shown.unpaid and shown.unpaid.minor) == (400, 600)
    first = apply_for_usage(held)
    assert first.amount_minor == 400
    before = facts()
    with pytest.raises(Refused, match=r"invoice\.not_paid"):
        apply_for_usage(held)
    assert facts() == before
    top_up(held.buyer, "6", now=APRIL + DAY)
    second = apply_for_usage(held, now=APRIL + DAY)
    assert second.amount_minor == 600
    sources = list(InvoiceItem.objects.order_by("pk").values_list("source", flat=True))
    assert sources == [f"usage:{held.pk}:{MARCH}", f"usage:{held.pk}:{MARCH}:2"]
    with pytest.raises(Refused, match=r"invoice\.invoiced"):
        apply_for_usage(held)
    assert problems() == []


def test_rejected_withdrawn_and_returned_usage_is_invoiced_again() -> None:
    """§6.2: 已驳回, 已撤销 (reapply), returned."""
    held = metered()
    use(held, 7, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    first = apply_for_usage(held)
    reject(first, "The tax number is wrong.", by=seller_person(first), now=APRIL)
    assert month(held) == (700, 0)
    second = apply_for_usage(held)
    cancel(second, now=APRIL)
    assert month(held) == (700, 0)
    third = apply_for_usage(held)
    issued(third, now=APRIL)
    with pytest.raises(Refused, match=r"invoice\.invoiced"):
        apply_for_usage(held)
    returned(third)
    assert (month(held), apply_for_usage(held).amount_minor, problems()) == ((700, 0), 700, [])


def test_an_invoice_is_returned_before_its_usage_is_refunded() -> None:
    """§6.2: "invoice must be returned before unsubscribe"; the same holds for a refund of usage."""
    held = metered()
    [record, _other] = use(held, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    invoice = apply_for_usage(held)
    before = facts()
    with pytest.raises(Refused, match=r"usage\.invoiced"):
        void_it(record, now=APRIL)
    assert (facts(), balance(held.buyer)) == (before, 99_000)
    issued(invoice, now=APRIL)
    with pytest.raises(Refused, match=r"usage\.invoiced"):
        void_it(record, now=APRIL)
    returned(invoice)
    void_it(record, now=APRIL)
    charge_all(now=APRIL + HOUR)
    assert (balance(held.buyer), month(held)) == (99_400, (600, 0))
    assert (apply_for_usage(held, now=APRIL + HOUR).amount_minor, problems()) == (600, [])


def test_a_credit_waits_until_the_invoice_over_it_is_returned() -> None:
    """A record that was voided before the application and is credited behind it: its refund comes with the red letter."""
    held = metered()
    [record, _other] = use(held, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    invoice = apply_for_usage(held)
    issued(invoice, now=APRIL)
    void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    less = Charge.objects.get(minor__lt=0)
    assert (less.waiting_minor, balance(held.buyer), month(held)) == (400, 99_000, (1000, 1000))
    assert problems() == []
    returned(invoice, now=APRIL + 2 * HOUR)
    less.refresh_from_db()
    assert (less.waiting_minor, balance(held.buyer), month(held)) == (0, 99_400, (600, 0))
    assert problems() == []


@pytest.mark.parametrize(("money", "late"), [("10", 3), ("1000", 3), ("10", 6), ("1000", 4)])
def test_a_credit_that_waits_pays_for_new_usage_of_its_own_month(money: str, late: int) -> None:
    """Decision 0085, money.md §4: "any order". Had the late usage come with the credit, only their difference would be due."""
    held = metered(money)
    [record, _other] = use(held, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    before = balance(held.buyer)
    invoice = apply_for_usage(held)
    void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    use(held, late, at=MARCH_ENDS - 5 * DAY, now=APRIL + HOUR)
    use(held, 1, at=MARCH_ENDS + HOUR, now=APRIL + HOUR)  # of another month, which the credit does not pay for
    charge_all(now=APRIL + 2 * HOUR)
    less = Charge.objects.get(minor__lt=0)
    due, paid = max(late - 4, 0) * 100 + 100, min(before, max(late - 4, 0) * 100 + 100)
    assert (less.waiting_minor, balance(held.buyer)) == (max(4 - late, 0) * 100, before - paid)
    owed = sum(Charge.objects.values_list("open_minor", flat=True))
    assert (owed, Arrears.objects.exists(), problems()) == (due - paid, due > paid, [])
    cancel(invoice, now=APRIL + 3 * HOUR)
    react(now=APRIL + 3 * HOUR)
    assert (balance(held.buyer) - sum(Charge.objects.values_list("open_minor", flat=True)), problems()) == (
        before + (4 - late - 1) * 100, [],
    )  # fmt: skip


def test_a_price_that_falls_with_more_usage_waits_in_the_same_way() -> None:
    """§3.3, tier: 100 cost 100.00, 120 cost 60.00. Late usage of an invoiced month makes it cheaper."""
    held = metered(price=TIER)
    use(held, 100, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    invoice = apply_for_usage(held)
    use(held, 20, at=MARCH_ENDS - 5 * DAY, now=APRIL)
    charge_all(now=APRIL + HOUR)
    assert (month(held), balance(held.buyer)) == ((10_000, 10_000), 90_000)
    cancel(invoice, now=APRIL + HOUR)
    react(now=APRIL + HOUR)
    assert (month(held), balance(held.buyer), problems()) == ((6_000, 0), 94_000, [])


def test_a_refund_that_waited_pays_what_is_owed_first() -> None:
    """money.md §6: balance = 0 or debt = 0."""
    held = metered("10")
    [record, _other] = use(held, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    invoice = apply_for_usage(held)
    void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL)
    use(held, 3, at=MARCH_ENDS + HOUR, now=APRIL + HOUR)
    charge_all(now=APRIL + HOUR)
    assert month(held, "202604") == (0, 0)
    cancel(invoice, now=APRIL + 2 * HOUR)
    react(now=APRIL + 2 * HOUR)
    assert (month(held), month(held, "202604"), balance(held.buyer)) == ((600, 0), (300, 0), 100)
    assert problems() == []


def test_a_credit_settles_unpaid_usage_of_its_own_month_first() -> None:
    """Else it would settle another month's debt, and more would be invoiced for that than was ever paid."""
    buyer = make_buyer(balance="0")
    older, held = (make_metered(price=YUAN, buyer=buyer) for _ in range(2))
    Subscription.objects.filter(pk=held.pk).update(seller=older.seller)
    use(older, 5, at=NOW, now=NOW + 2 * HOUR)
    held.refresh_from_db()
    [record] = use(held, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    void_it(record, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    assert (month(older), month(held), problems()) == ((0, 0), (0, 0), [])
    assert sellers_to_ask(buyer) == []


def test_orders_and_months_of_one_seller_stand_on_one_invoice() -> None:
    held = metered()
    use(held, 7, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    other = service(members=1)
    before = facts()
    for usage, orders in (
        ((f"{held.pk}:{MARCH}",), (number_of(other),)),
        ((f"{held.pk}:202613",), ()),
        (("x",), ()),
        ((), ()),
    ):
        with pytest.raises(Refused, match=r"invoice\.orders"):
            apply_for_usage(held, usage=usage, orders=orders)
        assert facts() == before
    with pytest.raises(Refused, match=r"invoice\.orders"):
        apply_for_usage(make_metered(), usage=(f"{held.pk}:{MARCH}",))  # another buyer's
    assert facts() == before
    with pytest.raises(Refused, match=r"invoice\.moved"):
        apply_for_usage(held, amount_minor=1)
    assert facts() == before


def test_a_buyer_of_a_service_on_demand_finds_the_seller_and_the_order_says_so() -> None:
    """Before, its order counted as free, so that its buyer never got an invoice."""
    held = metered()
    order = Order.objects.get(number=number_of(held))
    assert sellers_to_ask(held.buyer) == []
    use(held, 7, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    assert sellers_to_ask(held.buyer) == [held.seller]
    shown = of_order(order)
    assert shown is not None
    assert (shown.usage, shown.possible, shown.items) == (True, True, [])
    invoice = apply_for_usage(held)
    shown = of_order(order)
    assert shown is not None
    assert (shown.possible, [one.invoice for one in shown.items]) == (False, [invoice])
    assert sellers_to_ask(held.buyer) == []


def test_hours_that_the_market_measured_are_invoiced_in_the_same_way() -> None:
    """§5: an image is billed by the hour; its hours are usage without a push of the seller."""
    held = metered()
    ran = Measured(
        seller=held.seller_id, subscription=held.pk, begin_at=NOW, end_at=NOW + 2 * HOUR, quantity=20_000
    )  # fmt: skip
    store([ran], zone=ZONE, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    assert (apply_for_usage(held).amount_minor, problems()) == (200, [])


def test_both_parties_are_told_of_a_credit_that_waits() -> None:
    held = metered()
    [record] = use(held, 4, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    apply_for_usage(held)
    void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL)
    assert (told("credit_waits"), told("seller_credit_waits")) == (1, 1)


def test_a_letter_names_the_month() -> None:
    """§6.2, explanation letter: it says what the invoice is about, and its amount."""
    held = metered()
    use(held, 4, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    invoice = apply_for_usage(held)
    issued(invoice, now=APRIL)
    letter = make_letter(Invoice.objects.get(), months=6, now=APRIL)
    label, about = letter_facts(letter, Invoice.objects.get()).rows[-1]
    assert label == "商品与用量 Product, usage"
    assert about.endswith("· 2026-03 · CNY 4.00")


def test_a_title_that_is_entered_on_the_way_leads_back_to_the_chosen_month(client: Client) -> None:
    held = metered()
    client.force_login(held.buyer)
    way = f"usage={held.pk}%3A{MARCH}&type=general_digital"
    answer = client.post("/invoices/titles/new/", {"kind": "person", "name": "Wang Fang", "way": way})
    assert (answer.status_code, f"usage={held.pk}%3A{MARCH}" in answer["Location"]) == (302, True)


@pytest.mark.parametrize(
    ("sums", "kept"),
    [
        ({"a": 300, "b": 200}, {"a": 300, "b": 200}),
        ({"a": -30, "b": 30}, {}),
        ({"a": -30, "b": 100, "c": 20}, {"b": 90}),
        ({"a": 0}, {}),
    ],
)
def test_a_month_below_nothing_is_made_up_by_newer_ones(sums: dict[str, int], kept: dict[str, int]) -> None:
    """Migration billing.0006: before, a credit could settle the debt of another month of that seller."""
    months = {name: (1, date(2026, 1 + n, 1)) for n, name in enumerate("abc")}
    migration = import_module("tradepost.market.billing.migrations.0006_usage_months")
    found = migration.settled({months[name]: minor for name, minor in sums.items()})
    assert found == {months[name]: minor for name, minor in kept.items()}
