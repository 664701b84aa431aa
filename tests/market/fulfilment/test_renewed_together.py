"""Automatic renewals due at one moment are ordered and paid in one transaction (decision 0048).

Each service, each buyer and the ledger end as if they had been renewed one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.engine import answer, react
from tests.market.fulfilment import services as in_use
from tests.market.fulfilment.services import END, LEVEL, SPEC, bought, ordered, passes, service
from tradepost.market.base import jobs
from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, set_expiry_policy
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.fulfilment.timers import AUTO_RENEW
from tradepost.market.identity.models import User
from tradepost.market.orders.auto_renew import DEFAULT_RULE
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal, Order, SalesDay
from tradepost.market.payments import ledger, pay_many
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.wiring import TASKS

pytestmark = [pytest.mark.django_db]
FIRST = datetime(2026, 3, 25, 3, tzinfo=ZoneInfo("Asia/Shanghai"))
"""03:00 in the market's zone, seven days before the day of END."""
COUNTED = ("seller", "day", "currency", "part", "lines", "amount_minor")
NUMBER = re.compile(r"\bCS[0-9A-Za-z]{6,}")


def services_of(buyer: User, offer: Offer, number: int) -> list[Subscription]:
    return [with_auto_renewal(bought(make_order(buyer, offer=offer, paid=True))) for _ in range(number)]


def with_auto_renewal(subscription: Subscription) -> Subscription:
    request = SetExpiryPolicy(subscription=subscription.pk, at_expiry="renew", duration=Duration("month", 1))
    set_expiry_policy(subscription.buyer, request, rule=DEFAULT_RULE, now=NOW)
    return subscription


def spend_down_to(buyer: User, amount: str) -> None:
    """The buyer spends the rest elsewhere."""
    account = ledger.buyer_account(buyer, "CNY")
    amount_spent = account.balance - Money.of(amount, "CNY")
    booked = Transfer(reason="top_up", reference=f"spent-{account.pk}", actor="test", at=NOW)
    ledger._transfer(account, ledger.market_account(Account.Kind.CASH, "CNY"), amount_spent, booked)


def market() -> list[Subscription]:
    """Services of four buyers: enough money, enough for one of three, and each reason not to renew."""
    seller = make_seller()
    product = make_product(seller, address=make_address(seller), specs=(SPEC,))
    offer, one_time = make_offer(product), service()
    rich, poor, third = (make_buyer(level=LEVEL, balance="5000") for _ in range(3))
    services = [
        *services_of(rich, offer, 2),
        *services_of(poor, offer, 3),
        *services_of(third, offer, 3),
        with_auto_renewal(one_time),
    ]
    price = Money(offer.price_minor, offer.currency)
    spend_down_to(poor, f"{price.minor * 1.5 / 100:.2f}")
    frozen, changing = services[5], services[6]
    [locked] = locked_subscriptions([frozen.pk])
    add_reason([locked], Freeze.Reason.OPERATOR, actor="operator@market.example", now=NOW)
    ordered(changing, now=FIRST - timedelta(hours=1))
    Offer.objects.filter(sku__spec__product=one_time.product).update(on_sale=False)
    react(now=NOW)
    return services


def everything() -> dict[str, str]:
    """Every table, with random numbers replaced by their order of appearance."""
    tables = {}
    names: dict[str, str] = {}
    for order in Order.objects.order_by("pk"):
        names[order.number] = f"ORDER-{len(names)}"
    for model in apps.get_models():
        text = serializers.serialize("json", model._default_manager.order_by("pk"), indent=1)
        if model is SalesDay:  # its rows are created in the order of its parts or of the payments
            tables[model._meta.label] = str(sorted(model._default_manager.values_list(*COUNTED)))
            continue
        tables[model._meta.label] = NUMBER.sub(lambda match: names.get(match[0], match[0]), text)
    return tables


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def renewed_and_delivered(at: datetime) -> dict[str, str]:
    """Run what is due by then; the sellers carry out their calls."""
    passes(at)
    for call in Call.objects.exclude(state=State.ENDED).order_by("pk"):
        answer(call, now=at)
    react(now=at)
    passes(at + timedelta(hours=1))
    return everything()


def renew_one_at_a_time(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    return TASKS[AUTO_RENEW](payload, now)


@pytest.mark.sqlite  # compares primary keys, which PostgreSQL does not reuse after a rollback
def test_renewals_in_one_batch_equal_single_renewals(monkeypatch: pytest.MonkeyPatch) -> None:
    """business-rules §4.5: each is deducted at 03:00. Every table is the same either way, except for random numbers."""
    market()
    with rolled_back(), monkeypatch.context() as patched:
        patched.setattr(in_use, "TASKS", {**TASKS, AUTO_RENEW: renew_one_at_a_time})
        alone = renewed_and_delivered(FIRST)
    together = renewed_and_delivered(FIRST)
    assert alone.keys() == together.keys()
    for table, rows in alone.items():
        assert together[table] == rows, table
    assert sorted(AutoRenewal.objects.values_list("reason", flat=True)) == [
        "", "", "", "", "balance.too_low", "balance.too_low", "offer.unknown", "renewal.frozen", "renewal.open",
    ]  # fmt: skip
    assert ledger.verify().problems == ()


def test_balance_is_spent_in_the_order_of_the_timers() -> None:
    """The earlier of two services is paid, and each entry has the balance after it."""
    buyer = make_buyer(level=LEVEL, balance="5000")
    seller = make_seller()
    offer = make_offer(make_product(seller, address=make_address(seller), specs=(SPEC,)))
    first, second, third = services_of(buyer, offer, 3)
    price = offer.price_minor
    spend_down_to(buyer, f"{price * 2.5 / 100:.2f}")
    passes(FIRST)
    paid = Order.objects.filter(order_type="RENEW").order_by("pk").values_list("lines__subscription", flat=True)
    assert list(paid) == [first.pk, second.pk]
    assert AutoRenewal.objects.get(subscription=third).reason == "balance.too_low"
    entries = Entry.objects.filter(account__user=buyer, transfer__at=FIRST).order_by("pk")
    assert [entry.balance_after_minor for entry in entries] == [round(price * 1.5), round(price * 0.5)]


def test_concurrent_spending_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Balances are read before they are locked. A payment in between causes no overdraft, and no renewal is lost."""
    seller = make_seller()
    offer = make_offer(make_product(seller, address=make_address(seller), specs=(SPEC,)))
    quick, slow = (make_buyer(level=LEVEL, balance="5000") for _ in range(2))
    services_of(quick, offer, 1)
    services_of(slow, offer, 1)
    balances_of = pay_many.balances_of
    looks: list[object] = []

    def spends_after_the_look(users: object, currencies: object) -> object:
        found = balances_of(users, currencies)  # type: ignore[arg-type]
        if not looks:
            looks.append(found)
            spend_down_to(slow, "0.01")
        return found

    monkeypatch.setattr(pay_many, "balances_of", spends_after_the_look)
    passes(FIRST)
    assert list(Order.objects.filter(order_type="RENEW").values_list("buyer", flat=True)) == [quick.pk]
    assert sorted(AutoRenewal.objects.values_list("reason", flat=True)) == ["", "balance.too_low"]
    assert ledger.verify().problems == ()


def test_ten_renewals_need_as_many_statements_as_two() -> None:
    buyer = make_buyer(level=LEVEL, balance="50000")
    seller = make_seller()
    offer = make_offer(make_product(seller, address=make_address(seller), specs=(SPEC,)))
    services_of(buyer, offer, 10)
    due = list(Job.objects.filter(kind=AUTO_RENEW).order_by("pk"))
    later = [one.pk for one in due[2:]]
    counts = []
    for later_keys in (later, []):
        with rolled_back():
            Job.objects.filter(pk__in=later_keys).update(due_at=END)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                jobs.run_due({AUTO_RENEW: TASKS[AUTO_RENEW]}, now=FIRST)
            assert Order.objects.filter(order_type="RENEW").count() == 10 - len(later_keys)
            counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= 40
