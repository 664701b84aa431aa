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
from tests.market.invoices.applying import issue_invoice, number_of, seller_member
from tests.market.invoices.usage import (
    APRIL,
    DAY,
    HOUR,
    MARCH,
    MARCH_ENDS,
    apply_for_usage,
    balance,
    charge_all,
    month_totals,
    problems,
    top_up,
    use,
    void_record,
)
from tradepost.market.base.errors import Refused
from tradepost.market.billing.models import Arrears, Charge, UsageMonth
from tradepost.market.catalog.document import UsageBand
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.invoices.apply import cancel
from tradepost.market.invoices.letters import make_letter
from tradepost.market.invoices.models import Invoice, InvoiceItem
from tradepost.market.invoices.queries import invoices_of_order, sellers_to_ask, usage_candidates
from tradepost.market.invoices.take_back import reject, return_invoice
from tradepost.market.metering.measured import MeasuredUsage, store
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.invoice_letters import letter_facts

pytestmark = pytest.mark.django_db
ONE_YUAN_PRICE = on_demand(amount=Decimal(1))
TIER_PRICE = on_demand(
    model=PriceModel.TIER, accumulation="month", amount=None,
    bands=(UsageBand(upto=Decimal(100), amount=Decimal(1)), UsageBand(amount=Decimal("0.5"))),
)  # fmt: skip


def metered(balance: str = "1000", **changes: object) -> Subscription:
    subscription = make_metered(buyer=make_buyer(balance=balance), **({"price": ONE_YUAN_PRICE} | changes))  # type: ignore[arg-type]
    make_member(subscription.seller, make_buyer(balance="0"))
    return subscription


def return_to_seller(invoice: Invoice, now: datetime = APRIL) -> None:
    return_invoice(invoice, red_letter="RL-0001", reason="Usage was corrected.", by=seller_member(invoice), now=now)
    react(now=now)


def stored_state() -> tuple[object, ...]:
    """Return everything that a refusal must not change."""
    return (
        list(Invoice.objects.order_by("pk").values_list("status", "amount_minor")),
        list(InvoiceItem.objects.order_by("pk").values_list("source", "minor", "live")),
        list(UsageMonth.objects.order_by("pk").values_list("paid_minor", "invoiced_minor")),
        Record.objects.count(), list(Charge.objects.order_by("pk").values_list("minor", "open_minor", "waiting_minor")),
    )  # fmt: skip


def test_paid_usage_of_a_month_is_invoiced() -> None:
    """§6.2, money.md §2: "`usage:<subscription>:<yyyymm>` (closed month)". The order itself cost nothing."""
    subscription = metered()
    use(subscription, 3, "2.5", at=NOW, now=NOW + 4 * HOUR)
    charge_all(now=NOW + 4 * HOUR)
    invoice = apply_for_usage(subscription)
    assert (invoice.amount_minor, invoice.seller, invoice.buyer) == (550, subscription.seller, subscription.buyer)
    [item] = InvoiceItem.objects.all()
    assert (item.source, item.minor, item.line) == (f"usage:{subscription.pk}:{MARCH}", 550, None)
    assert (month_totals(subscription), problems()) == ((550, 550), [])
    issue_invoice(invoice, now=APRIL)
    assert Invoice.objects.get().status == "done"


def test_months_follow_the_markets_time_zone() -> None:
    """Issue 26: the amount of a month is exact, and the month is market time: 23:00 of 31 March is 15:00 UTC."""
    subscription = metered()
    use(subscription, 3, 5, at=MARCH_ENDS - HOUR, now=MARCH_ENDS + 2 * HOUR)
    charge_all(now=MARCH_ENDS + 2 * HOUR)
    assert (month_totals(subscription), month_totals(subscription, "202604")) == ((300, 0), (500, 0))
    assert apply_for_usage(subscription).amount_minor == 300


@pytest.mark.parametrize(
    ("now", "code"),
    [(MARCH_ENDS - HOUR, "not_over"), (APRIL - timedelta(seconds=1), "not_over"), (APRIL, ""), (APRIL + 400 * DAY, "")],
)
def test_month_can_be_invoiced_after_its_end_and_charges(now: datetime, code: str) -> None:
    """money.md §2: a closed month. Reports for its last hour may come until 02:00 (§4.8)."""
    subscription = metered()
    use(subscription, 1, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    before = stored_state()
    if not code:
        assert apply_for_usage(subscription, now=now).amount_minor == 100
        return
    with pytest.raises(Refused, match=rf"invoice\.{code}"):
        apply_for_usage(subscription, now=now)
    assert stored_state() == before


def test_month_cannot_be_invoiced_before_all_reports_are_charged() -> None:
    subscription = metered()
    use(subscription, 1, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    use(subscription, 2, at=MARCH_ENDS - 2 * HOUR, now=APRIL)
    with pytest.raises(Refused, match=r"invoice\.not_charged"):
        apply_for_usage(subscription, now=APRIL)
    [candidate] = usage_candidates(subscription.buyer, subscription.seller, now=APRIL).rows
    assert (candidate.amount, bool(candidate.why)) == (None, True)
    charge_all(now=APRIL)
    assert apply_for_usage(subscription, now=APRIL).amount_minor == 300


@pytest.mark.parametrize("cycle", ["hour", "day", "month"])
def test_usage_of_every_billing_cycle_is_invoiced(cycle: str) -> None:
    """§3.2: usage is charged each hour, day or month. A monthly charge for March is made in April."""
    subscription = metered(price=on_demand(amount=Decimal(1), cycle=cycle))
    use(subscription, 3, at=NOW, now=NOW + 2 * HOUR)
    use(subscription, 4, at=MARCH_ENDS - HOUR, now=MARCH_ENDS)
    charge_all(now=MARCH_ENDS + 2 * HOUR)
    assert (apply_for_usage(subscription).amount_minor, problems()) == (700, [])


def test_unpaid_usage_is_invoiced_after_payment() -> None:
    """Only payments are invoiced; settled arrears follow as a further part of the month."""
    subscription = metered("4")
    use(subscription, 3, 2, 5, at=NOW, now=NOW + 4 * HOUR)
    charge_all(now=NOW + 4 * HOUR)
    [candidate] = usage_candidates(subscription.buyer, subscription.seller, now=APRIL).rows
    assert (candidate.amount and candidate.amount.minor, candidate.unpaid and candidate.unpaid.minor) == (400, 600)
    first = apply_for_usage(subscription)
    assert first.amount_minor == 400
    before = stored_state()
    with pytest.raises(Refused, match=r"invoice\.not_paid"):
        apply_for_usage(subscription)
    assert stored_state() == before
    top_up(subscription.buyer, "6", now=APRIL + DAY)
    second = apply_for_usage(subscription, now=APRIL + DAY)
    assert second.amount_minor == 600
    sources = list(InvoiceItem.objects.order_by("pk").values_list("source", flat=True))
    assert sources == [f"usage:{subscription.pk}:{MARCH}", f"usage:{subscription.pk}:{MARCH}:2"]
    with pytest.raises(Refused, match=r"invoice\.invoiced"):
        apply_for_usage(subscription)
    assert problems() == []


def test_rejected_withdrawn_and_returned_usage_can_be_invoiced_again() -> None:
    """§6.2: 已驳回, 已撤销 (reapply), returned."""
    subscription = metered()
    use(subscription, 7, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    first = apply_for_usage(subscription)
    reject(first, "The tax number is wrong.", by=seller_member(first), now=APRIL)
    assert month_totals(subscription) == (700, 0)
    second = apply_for_usage(subscription)
    cancel(second, now=APRIL)
    assert month_totals(subscription) == (700, 0)
    third = apply_for_usage(subscription)
    issue_invoice(third, now=APRIL)
    with pytest.raises(Refused, match=r"invoice\.invoiced"):
        apply_for_usage(subscription)
    return_to_seller(third)
    assert (month_totals(subscription), apply_for_usage(subscription).amount_minor, problems()) == ((700, 0), 700, [])


def test_invoice_must_be_returned_before_its_usage_is_refunded() -> None:
    """§6.2: "invoice must be returned before unsubscribe"; the same holds for a refund of usage."""
    subscription = metered()
    [record, _other] = use(subscription, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    invoice = apply_for_usage(subscription)
    before = stored_state()
    with pytest.raises(Refused, match=r"usage\.invoiced"):
        void_record(record, now=APRIL)
    assert (stored_state(), balance(subscription.buyer)) == (before, 99_000)
    issue_invoice(invoice, now=APRIL)
    with pytest.raises(Refused, match=r"usage\.invoiced"):
        void_record(record, now=APRIL)
    return_to_seller(invoice)
    void_record(record, now=APRIL)
    charge_all(now=APRIL + HOUR)
    assert (balance(subscription.buyer), month_totals(subscription)) == (99_400, (600, 0))
    assert (apply_for_usage(subscription, now=APRIL + HOUR).amount_minor, problems()) == (600, [])


def test_credit_waits_for_the_return_of_the_invoice() -> None:
    """A record voided before the application and credited afterwards is refunded with the red letter."""
    subscription = metered()
    [record, _other] = use(subscription, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    invoice = apply_for_usage(subscription)
    issue_invoice(invoice, now=APRIL)
    void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    credit = Charge.objects.get(minor__lt=0)
    assert (credit.waiting_minor, balance(subscription.buyer), month_totals(subscription)) == (
        400,
        99_000,
        (1000, 1000),
    )
    assert problems() == []
    return_to_seller(invoice, now=APRIL + 2 * HOUR)
    credit.refresh_from_db()
    assert (credit.waiting_minor, balance(subscription.buyer), month_totals(subscription)) == (0, 99_400, (600, 0))
    assert problems() == []


@pytest.mark.parametrize(("initial_balance", "late_usage"), [("10", 3), ("1000", 3), ("10", 6), ("1000", 4)])
def test_waiting_credit_pays_for_new_usage_of_its_month(initial_balance: str, late_usage: int) -> None:
    """Decision 0085, money.md §4: "any order". If late usage and credit arrived together, only their difference would be due."""
    subscription = metered(initial_balance)
    [record, _other] = use(subscription, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    before = balance(subscription.buyer)
    invoice = apply_for_usage(subscription)
    void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    use(subscription, late_usage, at=MARCH_ENDS - 5 * DAY, now=APRIL + HOUR)
    use(subscription, 1, at=MARCH_ENDS + HOUR, now=APRIL + HOUR)  # of another month, which the credit does not pay for
    charge_all(now=APRIL + 2 * HOUR)
    credit = Charge.objects.get(minor__lt=0)
    due, paid = max(late_usage - 4, 0) * 100 + 100, min(before, max(late_usage - 4, 0) * 100 + 100)
    assert (credit.waiting_minor, balance(subscription.buyer)) == (max(4 - late_usage, 0) * 100, before - paid)
    debt = sum(Charge.objects.values_list("open_minor", flat=True))
    assert (debt, Arrears.objects.exists(), problems()) == (due - paid, due > paid, [])
    cancel(invoice, now=APRIL + 3 * HOUR)
    react(now=APRIL + 3 * HOUR)
    assert (balance(subscription.buyer) - sum(Charge.objects.values_list("open_minor", flat=True)), problems()) == (
        before + (4 - late_usage - 1) * 100, [],
    )  # fmt: skip


def test_falling_tier_price_creates_a_waiting_credit() -> None:
    """§3.3, tier: 100 cost 100.00, 120 cost 60.00. Late usage of an invoiced month makes it cheaper."""
    subscription = metered(price=TIER_PRICE)
    use(subscription, 100, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    invoice = apply_for_usage(subscription)
    use(subscription, 20, at=MARCH_ENDS - 5 * DAY, now=APRIL)
    charge_all(now=APRIL + HOUR)
    assert (month_totals(subscription), balance(subscription.buyer)) == ((10_000, 10_000), 90_000)
    cancel(invoice, now=APRIL + HOUR)
    react(now=APRIL + HOUR)
    assert (month_totals(subscription), balance(subscription.buyer), problems()) == ((6_000, 0), 94_000, [])


def test_waiting_refund_pays_debts_first() -> None:
    """money.md §6: balance = 0 or debt = 0."""
    subscription = metered("10")
    [record, _other] = use(subscription, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    invoice = apply_for_usage(subscription)
    void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL)
    use(subscription, 3, at=MARCH_ENDS + HOUR, now=APRIL + HOUR)
    charge_all(now=APRIL + HOUR)
    assert month_totals(subscription, "202604") == (0, 0)
    cancel(invoice, now=APRIL + 2 * HOUR)
    react(now=APRIL + 2 * HOUR)
    assert (month_totals(subscription), month_totals(subscription, "202604")) == ((600, 0), (300, 0))
    assert balance(subscription.buyer) == 100
    assert problems() == []


def test_credit_settles_unpaid_usage_of_its_own_month_first() -> None:
    """Otherwise it would settle another month's debt, and more than the payments could be invoiced for that month."""
    buyer = make_buyer(balance="0")
    older, subscription = (make_metered(price=ONE_YUAN_PRICE, buyer=buyer) for _ in range(2))
    Subscription.objects.filter(pk=subscription.pk).update(seller=older.seller)
    use(older, 5, at=NOW, now=NOW + 2 * HOUR)
    subscription.refresh_from_db()
    [record] = use(subscription, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    void_record(record, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    assert (month_totals(older), month_totals(subscription), problems()) == ((0, 0), (0, 0), [])
    assert sellers_to_ask(buyer) == []


def test_invoice_covers_orders_and_months_of_one_seller_only() -> None:
    subscription = metered()
    use(subscription, 7, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    other = service(members=1)
    before = stored_state()
    for usage, orders in (
        ((f"{subscription.pk}:{MARCH}",), (number_of(other),)),
        ((f"{subscription.pk}:202613",), ()),
        (("x",), ()),
        ((), ()),
    ):
        with pytest.raises(Refused, match=r"invoice\.orders"):
            apply_for_usage(subscription, usage=usage, orders=orders)
        assert stored_state() == before
    with pytest.raises(Refused, match=r"invoice\.orders"):
        apply_for_usage(make_metered(), usage=(f"{subscription.pk}:{MARCH}",))  # another buyer's
    assert stored_state() == before
    with pytest.raises(Refused, match=r"invoice\.moved"):
        apply_for_usage(subscription, amount_minor=1)
    assert stored_state() == before


def test_on_demand_order_can_be_invoiced_after_usage() -> None:
    """Earlier, its order counted as free, so its buyer could not get an invoice."""
    subscription = metered()
    order = Order.objects.get(number=number_of(subscription))
    assert sellers_to_ask(subscription.buyer) == []
    use(subscription, 7, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    assert sellers_to_ask(subscription.buyer) == [subscription.seller]
    order_invoices = invoices_of_order(order)
    assert order_invoices is not None
    assert (order_invoices.usage, order_invoices.possible, order_invoices.items) == (True, True, [])
    invoice = apply_for_usage(subscription)
    order_invoices = invoices_of_order(order)
    assert order_invoices is not None
    assert (order_invoices.possible, [item.invoice for item in order_invoices.items]) == (False, [invoice])
    assert sellers_to_ask(subscription.buyer) == []


def test_measured_hours_are_invoiced_like_reported_usage() -> None:
    """§5: an image is billed by the hour; its hours are usage without a push of the seller."""
    subscription = metered()
    measured = MeasuredUsage(
        seller=subscription.seller_id, subscription=subscription.pk, begin_at=NOW, end_at=NOW + 2 * HOUR, quantity=20_000
    )  # fmt: skip
    store([measured], zone=ZONE, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    assert (apply_for_usage(subscription).amount_minor, problems()) == (200, [])


def test_waiting_credit_notifies_buyer_and_seller() -> None:
    subscription = metered()
    [record] = use(subscription, 4, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    apply_for_usage(subscription)
    void(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL)
    assert (told("credit_waits"), told("seller_credit_waits")) == (1, 1)


def test_letter_names_the_month() -> None:
    """§6.2, explanation letter: it names the subject and the amount of the invoice."""
    subscription = metered()
    use(subscription, 4, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    invoice = apply_for_usage(subscription)
    issue_invoice(invoice, now=APRIL)
    letter = make_letter(Invoice.objects.get(), months=6, now=APRIL)
    label, about = letter_facts(letter, Invoice.objects.get()).rows[-1]
    assert label == "商品与用量 Product, usage"
    assert about.endswith("· 2026-03 · CNY 4.00")


def test_new_title_returns_to_the_chosen_month(client: Client) -> None:
    subscription = metered()
    client.force_login(subscription.buyer)
    query = f"usage={subscription.pk}%3A{MARCH}&type=general_digital"
    answer = client.post("/invoices/titles/new/", {"kind": "person", "name": "Wang Fang", "way": query})
    assert (answer.status_code, f"usage={subscription.pk}%3A{MARCH}" in answer["Location"]) == (302, True)


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        ({"a": 300, "b": 200}, {"a": 300, "b": 200}),
        ({"a": -30, "b": 30}, {}),
        ({"a": -30, "b": 100, "c": 20}, {"b": 90}),
        ({"a": 0}, {}),
    ],
)
def test_migration_settles_negative_months_with_newer_ones(sums: dict[str, int], expected: dict[str, int]) -> None:
    """Migration billing.0006: earlier, a credit could settle the debt of another month of that seller."""
    months = {name: (1, date(2026, 1 + n, 1)) for n, name in enumerate("abc")}
    migration = import_module("tradepost.market.billing.migrations.from_0_1.0006_usage_months")
    settled = migration.settled({months[name]: minor for name, minor in sums.items()})
    assert settled == {months[name]: minor for name, minor in expected.items()}
