"""Issue 27, 8: every refund of the ledger appears in the lists of its buyer and its seller, once, with its kind and a link.

business-rules §4.2 (not delivered: full refund), §4.7 (unsubscription, negotiated and partial refunds), §2.10 (codes).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from tests.factories import NOW, make_buyer, make_member, make_operator, make_subscription
from tests.market.engine import react
from tests.market.fulfilment import services
from tests.market.fulfilment.given_back import agreed_on
from tests.market.fulfilment.unsubscribing import asked
from tests.market.licenses.coded import LATER, order_code
from tests.market.plans import plan
from tests.market.supervision import supervising
from tests.market.supervision.supervising import CLOCKS, DAY, PRICE, person, reload, supervised, walk
from tradepost.market.fulfilment import by_operator
from tradepost.market.fulfilment.activating import return_code
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders import refund_list
from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.refund_check import problems
from tradepost.market.orders.refund_list import (
    Key,
    ListedRefund,
    RefundFilter,
    read_key,
    refunds_of_buyer,
    refunds_of_seller,
)
from tradepost.market.orders.refund_models import DeliveryRefund, Refund
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.product_types.flows.contract import Party
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision import cancel
from tradepost.market.supervision.models import Supervision

pytestmark = pytest.mark.django_db
Parties = tuple[User, Seller]
MIGRATION = import_module("tradepost.market.orders.migrations.from_0_1.0024_earlier_delivery_refunds")


def parties(contract: Subscription | Supervision) -> Parties:
    return contract.buyer, contract.seller


def undelivered() -> Parties:
    from tests.market.fulfilment.stopping import stopped
    from tradepost.market.fulfilment.pay_back import refund_order

    order = stopped()
    refund_order(order, reason="The seller is gone.", actor="op", now=NOW)
    react(now=NOW)
    return order.buyer, order.lines.get().seller


def given_up_after_the_last_retry() -> Parties:
    """saas-v2 §3.10: the plan ends, full refund."""
    from tests.factories import make_address, make_offer, make_order, make_product, make_seller

    seller = make_seller()
    product = make_product(seller, address=make_address(seller))
    order = make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    services.failed(services.open_call())
    return order.buyer, seller


def code_returned() -> Parties:
    subscription = order_code()
    return_code(subscription, actor=subscription.buyer.email, now=LATER)
    react(now=LATER)
    return parties(subscription)


def request_refund_of_delivery(amount: int | None, *, ends: bool = True) -> Supervision:
    supervision = walk(supervised("MANUAL_SERVICE"), *supervising.TO_ACCEPT)
    cancel.request_refund(supervision.pk, "why", amount_minor=amount, ends=ends, now=NOW)
    cancel.agree(supervision.pk, "yes", by=person(supervision, Party.SELLER), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    return reload(supervision)


def cancelled_delivery() -> Parties:
    return parties(request_refund_of_delivery(None))


def ended_early() -> Parties:
    return parties(request_refund_of_delivery(PRICE // 4))


def reduced() -> Parties:
    return parties(request_refund_of_delivery(PRICE // 4, ends=False))


def reduced_then_cancelled() -> Parties:
    supervision = request_refund_of_delivery(PRICE // 4, ends=False)
    cancel.request_refund(supervision.pk, "why", amount_minor=None, ends=True, now=NOW + DAY)
    cancel.agree(supervision.pk, "yes", by=person(supervision, Party.SELLER), clocks=CLOCKS, now=NOW + DAY)
    react(now=NOW + DAY)
    return parties(supervision)


def ended_before_renewal_started() -> Parties:
    subscription = services.service()
    services.renewed(subscription)
    services.done(services.open_call())
    by_operator.release(services.again(subscription), reason="It is closed.", actor="op", now=NOW)
    react(now=NOW)
    return parties(subscription)


def unsubscribed() -> Parties:
    subscription = services.service()
    asked(subscription, "no_reason")
    return parties(subscription)


def negotiated() -> Parties:
    subscription = services.service("license_v1", members=1)
    agreed_on(subscription, 3_000)
    return parties(subscription)


REFUND_CASES: dict[Callable[[], Parties], tuple[str, ...]] = {
    undelivered: ("undelivered",),
    given_up_after_the_last_retry: ("undelivered",),
    code_returned: ("returned",),
    cancelled_delivery: ("ended",),
    ended_early: ("ended",),
    reduced: ("reduced",),
    reduced_then_cancelled: ("ended", "reduced"),
    ended_before_renewal_started: ("unbegun",),
    unsubscribed: ("no_reason",),
    negotiated: ("negotiated",),
}


def booked_minor(buyer: User) -> int:
    entries = Entry.objects.filter(account__kind=Account.Kind.BUYER, account__user=buyer)
    return sum(entries.filter(transfer__reason=Transfer.Reason.REFUND).values_list("amount_minor", flat=True))


def refunded_minor(rows: list[ListedRefund]) -> int:
    return sum(row.amount.minor for row in rows if row.status == "refunded")


def kind_of(row: ListedRefund) -> str:
    refund = row.refund or row.delivery
    assert refund is not None
    return refund.kind


def enter(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.mark.parametrize("case", REFUND_CASES, ids=lambda case: case.__name__)
def test_lists_match_the_refunds_of_the_ledger(case: Callable[[], Parties]) -> None:
    buyer, seller = case()
    assert booked_minor(buyer) > 0
    for rows in (refunds_of_buyer(buyer).rows, refunds_of_seller(seller).rows):
        assert refunded_minor(rows) == booked_minor(buyer)
        assert tuple(kind_of(row) for row in rows) == REFUND_CASES[case]
    assert refunds_of_buyer(make_buyer()).rows == []
    assert problems() == []


@pytest.mark.parametrize("case", REFUND_CASES, ids=lambda case: case.__name__)
def test_migration_lists_earlier_refunds_from_the_ledger(case: Callable[[], Parties]) -> None:
    """The migration writes the same rows as ``DeliveryRefund`` at the transfer, except for the end time of a delivery."""
    case()
    fields = ("kind", "line", "buyer", "seller", "amount_minor", "currency", "reference", "at")
    expected_rows = list(DeliveryRefund.objects.order_by("pk").values_list(*fields))
    DeliveryRefund.objects.all().delete()
    MIGRATION.store(apps, None)
    assert list(DeliveryRefund.objects.order_by("pk").values_list(*fields)) == expected_rows
    MIGRATION.store(apps, None)
    assert DeliveryRefund.objects.count() == len(expected_rows), "a second run changes nothing"
    assert problems() == []


@pytest.mark.parametrize("case", REFUND_CASES, ids=lambda case: case.__name__)
def test_each_row_links_to_its_page(case: Callable[[], Parties]) -> None:
    buyer, seller = case()
    member = make_buyer()
    make_member(seller, member)
    for client, url in ((enter(buyer), "/refunds/"), (enter(member), "/seller/refunds/")):
        for query in ("", "?status=refunded"):
            page = client.get(url + query).content.decode()
            table = page.partition("<tbody>")[2].partition("</tbody>")[0]
            links = [part.partition('"')[0] for part in table.split('href="')[1:]]
            assert len(links) == len(REFUND_CASES[case])
            assert {client.get(link).status_code for link in links} == {200}
        assert "<tbody>" not in client.get(f"{url}?status=rejected").content.decode()


def test_ledger_check_reports_a_refund_missing_from_the_lists() -> None:
    undelivered()
    refund = DeliveryRefund.objects.get()
    refund.delete()
    problem = f"refund {refund.reference}: the ledger has {refund.amount_minor}, the lists 0"
    assert problems() == [problem]
    assert "the lists 0" in enter(make_operator()).get("/console/ledger/?check=1").content.decode()


# --- pages ------------------------------------------------------------------------------------------------------------


def make_refunds(count: int, *, same: bool) -> Parties:
    """Create refund requests and refunds of deliveries, some at the same moment."""
    subscription = make_subscription()
    common = {"buyer": subscription.buyer, "seller": subscription.seller, "amount_minor": 100, "currency": "CNY"}
    line = OrderLine.objects.get(number=subscription.order_line_number)
    times = [NOW + (0 if same else n // 2) * timedelta(seconds=1) for n in range(count)]
    Refund.objects.bulk_create(
        Refund(
            kind="no_reason",
            status="refunded" if n % 3 else "rejected",
            subscription=subscription,
            requested_at=at,
            **common,
        )
        for n, at in enumerate(times)
    )
    DeliveryRefund.objects.bulk_create(
        DeliveryRefund(kind="reduced", line=line, reference=f"{line.number}/back/{n}", at=at, **common)
        for n, at in enumerate(times)
    )
    return parties(subscription)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("status", ["", "refunded", "rejected"])
@pytest.mark.parametrize("same", [False, True])
def test_pages_show_each_row_once_newest_first(size: int, status: str, *, same: bool) -> None:
    buyer, seller = make_refunds(9, same=same)
    requests = [n for n in range(9) if status in {"", "refunded" if n % 3 else "rejected"}]
    expected = len(requests) + (0 if status == "rejected" else 9)
    for read in (partial(refunds_of_buyer, buyer), partial(refunds_of_seller, seller)):
        rows: list[ListedRefund] = []
        after, pages = "", 0
        while pages == 0 or after:
            page = read(RefundFilter(status=status), after=after, size=size)
            rows, after, pages = [*rows, *page.rows], page.next_key, pages + 1
            assert pages <= expected
        keys = {(kind_of(row), (row.refund or row.delivery).pk) for row in rows}  # type: ignore[union-attr]
        assert len(keys) == len(rows) == expected
        assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)


@pytest.mark.parametrize("after", ["x", "1", "2026-03-01T00:00:00Z_0", "2026-13-01T00:00:00Z_0_1", "2026-03-01_0_1",
    "2026-03-01T00:00:00_0_1", "2026-03-01T00:00:00Z_2_1", "2026-03-01T00:00:00Z_0_-1"])  # fmt: skip
def test_invalid_key_starts_at_the_first_page(after: str) -> None:
    assert read_key(after) is None
    key = Key(NOW, 1, 7)
    assert read_key(str(key)) == key


def test_both_parts_of_the_list_are_read_by_an_index() -> None:
    buyer, seller = make_refunds(1_500, same=False)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    last = Key(NOW + timedelta(seconds=300), 0, 10)
    for owner in ({"buyer": buyer}, {"seller": seller}):
        [name] = owner
        for key in (None, last):
            rows = refund_list.requested_refunds(owner, key)[:21]
            query_plan = plan(rows)
            assert f"refund_of_{name}" in query_plan, query_plan
            assert "TEMP B-TREE" not in query_plan
            query_plan = plan(refund_list.delivery_refunds(owner, key)[:21])
            assert f"delivery_refund_of_{name}" in query_plan, query_plan
            assert "TEMP B-TREE" not in query_plan
        query_plan = plan(refund_list.requested_refunds({**owner, "status": "rejected"}, last)[:21])
        assert f"refund_of_{name}_by_status" in query_plan, query_plan
        assert "TEMP B-TREE" not in query_plan
