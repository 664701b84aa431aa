"""Authorisation codes: issued, taken, activated, returned (saas-v1-license §B2, business-rules §2.10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW, make_operator, make_seller
from tests.factories.products import ONCE
from tests.market.engine import react
from tests.market.fulfilment.services import again, passes, renewed, told
from tests.market.licenses import coded
from tests.market.licenses.coded import (
    LATER,
    activate_codes,
    activate_service,
    code_of,
    coded_product,
    order_code,
    order_of,
    take,
)
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import by_operator
from tradepost.market.fulfilment.activating import NotActivated, return_code, take_code
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import may_refund, refund_order
from tradepost.market.licenses import lists
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.code_status import (
    MAX_CLOCK_LEAD,
    CodeError,
    activation_error,
    daily_clients,
    error_of_list,
    license_status,
)
from tradepost.market.licenses.codes import MAX_TEST_CODES, is_tested, issue_test, record_query
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.probes.models import FailedOrder
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.open_api.license_calls import LicenseStatus

pytestmark = pytest.mark.django_db
PRICE = 10_000


def balance_minor(subscription: Subscription) -> int:
    return ledger.buyer_account(subscription.buyer, "CNY").balance_minor


def status_for_software(subscription: Subscription) -> LicenseStatus | None:
    return license_status(code_of(subscription).status, again(subscription).status)


def refusal(seller: int, *codes: str, as_list: bool = False, since: datetime | None = None) -> str:
    """Return the error code of the interface's table and check that nothing changed."""
    before = list(LicenseCode.objects.order_by("pk").values())
    with pytest.raises(NotActivated) as error:
        activate_codes(seller, *codes, as_list=as_list, since=since)
    assert list(LicenseCode.objects.order_by("pk").values()) == before
    return error.value.trouble.code


def test_paid_order_has_a_code_and_completes_at_the_activation() -> None:
    subscription = order_code()
    code = code_of(subscription)
    assert (subscription.status, code.status, subscription.instance_id) == ("opening", "issued", "")
    assert code.code.startswith("PL")
    assert len(code.code) <= 64
    assert not Call.objects.exists(), "its product needs no production address"
    assert order_of(subscription).status == "processing"
    assert (told("code_ready"), told("order_completed")) == (1, 0)

    assert refusal(subscription.seller_id, code.code) == "92020004", "can not active before user received."
    subscription = take(subscription)
    assert (subscription.instance_id, subscription.status, order_of(subscription).status) == (
        code.code,
        "opening",
        "processing",
    )

    subscription = activate_service(subscription)
    assert (subscription.status, subscription.started_at, subscription.expires_at) == (
        "active",
        LATER,
        datetime(2026, 4, 4, 8, 0, tzinfo=UTC),
    )
    period = Period.objects.get(subscription=subscription)
    assert (period.starts_at, period.ends_at, period.earned_at) == (LATER, subscription.expires_at, LATER)
    assert (order_of(subscription).status, told("order_completed")) == ("completed", 1)
    assert Operation.objects.get(subscription=subscription).status == "done"
    assert ledger.verify().problems == ()
    assert refusal(subscription.seller_id, code.code) == "92020003", "do not activate twice"


@pytest.mark.parametrize(
    ("period", "since", "end"),
    [
        ("year", "2026-12-09T02:00", "2027-12-09T02:00"),
        ("month", "2027-01-30T17:00", "2027-02-27T17:00"),
        ("year", "2028-02-28T17:00", "2029-02-27T17:00"),
    ],
)
def test_term_starts_when_the_software_was_first_used(period: str, since: str, end: str) -> None:
    """joint.md §4, effective_at: the seller's start, not before the order (openapi-jointkit §C.8)."""
    from tests.factories.products import MONTHLY, YEARLY

    started_at, ends_at = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (since, end))
    product = coded_product(prices=(YEARLY if period == "year" else MONTHLY,))
    subscription = take(order_code(product, now=started_at - timedelta(hours=5)), now=started_at - timedelta(hours=1))
    subscription = activate_service(subscription, since=started_at, now=started_at + timedelta(days=2))
    assert (subscription.started_at, subscription.expires_at) == (started_at, ends_at)
    assert code_of(subscription).activated_at == started_at + timedelta(days=2)


@pytest.mark.parametrize(
    ("since", "now", "refused"),
    [
        (NOW - timedelta(seconds=1), LATER, True),
        (NOW, LATER, False),
        (LATER + MAX_CLOCK_LEAD, LATER, False),
        (LATER + MAX_CLOCK_LEAD + timedelta(seconds=1), LATER, True),
        (None, LATER, False),
    ],
)
def test_allowed_start_times(since: datetime | None, now: datetime, refused: bool) -> None:
    """real_effect_time ≥ order time (openapi-jointkit §C.8), and not in the future."""
    error = activation_error("taken", ordered_at=NOW, since=since, now=now)
    assert (error is not None and error.code == "92020002") == refused


def test_invalid_code_refuses_the_whole_list() -> None:
    """joint.md §5: bad in list → 92020020, none activated."""
    subscription, other = take(order_code()), order_code()
    good = code_of(subscription).code
    assert refusal(subscription.seller_id, good, "PLNOBODYS", as_list=True) == "92020020"
    assert refusal(subscription.seller_id, good, code_of(other).code, as_list=True) == "92020020", "another seller's"
    assert refusal(subscription.seller_id, "PLNOBODYS") == "92020005"
    assert refusal(other.seller_id, good) == "92020005", "a foreign code is unknown"
    assert refusal(subscription.seller_id, good, as_list=True, since=NOW - timedelta(days=9)) == "92020002"
    activate_codes(subscription.seller_id, good, good, as_list=True)
    assert status_for_software(subscription) is LicenseStatus.ALIVE


def test_invalid_codes_are_named() -> None:
    assert error_of_list([]) is None
    assert error_of_list([("A", CodeError("92020005", "x")), ("B", CodeError("92020003", "y"))]) == CodeError(
        "92020020", "A (x), B (y)"
    )


def test_license_status_follows_the_service() -> None:
    """saas-v1-license §B2.2: alive in the grace, expired with the freeze, alive after a renewal, released for good. Without a
    production address, the seller receives no calls.
    """
    subscription = activate_service(take(order_code()))
    end = subscription.expires_at
    assert end is not None
    passes(end + timedelta(hours=23))
    assert (again(subscription).status, status_for_software(subscription)) == ("active", LicenseStatus.ALIVE), (
        "a day of grace"
    )
    passes(end + timedelta(days=2))
    assert (again(subscription).status, status_for_software(subscription)) == ("frozen", LicenseStatus.EXPIRED)

    assert renewed(subscription, now=end + timedelta(days=3)).status == Order.Status.COMPLETED
    subscription = again(subscription)
    assert (subscription.status, status_for_software(subscription)) == ("active", LicenseStatus.ALIVE)
    assert subscription.expires_at == datetime(2026, 5, 4, 8, 0, tzinfo=UTC)

    by_operator.freeze(subscription, reason="why", actor="op", now=end + timedelta(days=4))
    assert status_for_software(subscription) is LicenseStatus.EXPIRED
    by_operator.lift(again(subscription), reason="why", actor="op", now=end + timedelta(days=5))
    assert status_for_software(subscription) is LicenseStatus.ALIVE

    passes(subscription.expires_at + timedelta(days=30))
    assert (again(subscription).status, status_for_software(subscription)) == ("released", LicenseStatus.RELEASED)
    assert not Call.objects.exists()
    assert not Freeze.objects.filter(subscription=subscription, lifted_at=None).exclude(reason="expired").exists()
    assert ledger.verify().problems == ()


@given(status=st.sampled_from(LicenseCode.Status.values), service=st.sampled_from([*Subscription.Status.values, None]))
def test_only_activated_codes_of_active_services_are_alive(status: str, service: str | None) -> None:
    result = license_status(status, service)
    assert (result is LicenseStatus.ALIVE) == (status == "active" and service in {"active", None})
    assert status == "active" or result is None


def test_code_sold_once_has_no_end() -> None:
    subscription = activate_service(take(order_code(coded_product(prices=(ONCE,)))))
    assert (subscription.status, subscription.expires_at) == ("active", None)
    assert order_of(subscription).status == "completed"


def test_untaken_code_is_refunded_in_full() -> None:
    """business-rules §2.10: after the code was taken negotiated refund is impossible."""
    subscription = order_code()
    before = balance_minor(subscription)
    return_code(subscription, actor=subscription.buyer.email, now=LATER)
    react(now=LATER)
    assert balance_minor(subscription) == before + PRICE
    assert (again(subscription).status, code_of(subscription).status, order_of(subscription).status) == (
        "failed",
        "withdrawn",
        "refunded",
    )
    assert not FailedOrder.objects.exists(), "the return is not a failure"
    assert (told("order_refunded"), told("seller_gave_up")) == (0, 0)
    assert refusal(subscription.seller_id, code_of(subscription).code) == "92020003"
    with pytest.raises(Refused) as error:
        take_code(subscription, actor="b", now=LATER)
    assert error.value.code == "license.no_code"
    assert ledger.verify().problems == ()


def test_taken_code_can_be_refunded_by_an_operator_only() -> None:
    subscription = take(order_code())
    before, operator = balance_minor(subscription), make_operator()
    with pytest.raises(Refused) as error:
        return_code(subscription, actor=subscription.buyer.email, now=LATER)
    assert error.value.code == "license.taken"
    assert (balance_minor(subscription), code_of(subscription).status, order_of(subscription).status) == (
        before,
        "taken",
        "processing",
    )

    assert may_refund(order_of(subscription))
    refund_order(order_of(subscription), reason="the software never worked", actor=operator.email, now=LATER)
    react(now=LATER)
    assert (balance_minor(subscription), code_of(subscription).status, order_of(subscription).status) == (
        before + PRICE,
        "withdrawn",
        "refunded",
    )
    assert again(subscription).status == "failed"
    assert ledger.verify().problems == ()


def test_taking_a_code_again_changes_nothing() -> None:
    subscription = take(order_code())
    first = code_of(subscription)
    assert take_code(subscription, actor="b", now=LATER).taken_at == first.taken_at
    subscription = activate_service(subscription)
    assert take_code(subscription, actor="b", now=LATER).status == "active"


def test_test_code_proves_the_software_without_a_purchase() -> None:
    """business-rules §2.5: test auth codes must pass activate and heartbeat."""
    product = coded_product()
    code = coded.issue_test_code(product)
    assert (code.status, is_tested(product)) == ("taken", False)
    assert refusal(make_seller().pk, code.code) == "92020005"
    activate_codes(product.seller_id, code.code)
    code.refresh_from_db()
    assert (code.status, license_status(code.status, None), is_tested(product)) == (
        "active",
        LicenseStatus.ALIVE,
        False,
    )
    record_query([code], now=LATER)
    assert is_tested(product)
    assert not Subscription.objects.exists()


def test_test_codes_are_limited_and_only_for_products_with_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.factories import make_product
    from tradepost.market.licenses import codes

    with pytest.raises(Refused) as error:
        issue_test(make_product(), now=NOW)
    assert error.value.code == "license.no_codes"
    assert MAX_TEST_CODES >= 10
    monkeypatch.setattr(codes, "MAX_TEST_CODES", 2)
    product = coded_product()
    for _ in range(2):
        issue_test(product, now=NOW)
    with pytest.raises(Refused) as error:
        issue_test(product, now=NOW)
    assert (error.value.code, LicenseCode.objects.count()) == ("license.too_many_tests", 2)


def test_query_time_is_stored_once_a_minute() -> None:
    code = coded.issue_test_code(coded_product())
    for seconds, stored_seconds in ((0, 0), (59, 0), (60, 60), (61, 60)):
        record_query([LicenseCode.objects.get()], now=NOW + timedelta(seconds=seconds))
        code.refresh_from_db()
        assert code.queried_at == NOW + timedelta(seconds=stored_seconds)


@pytest.mark.parametrize(
    ("ids", "active_num", "clients"), [(2, 5, 5), (2, None, 2), (0, 3, 3), (7, 5, 7), (0, None, 0)]
)
def test_clients_of_a_day(ids: int, active_num: int | None, clients: int) -> None:
    """joint.md §4: max(distinct ids, greatest active_num); a, b, a and 5, 3 → 5."""
    assert daily_clients(ids, active_num) == clients


def test_lists_contain_the_sellers_own_codes() -> None:
    subscription, other = take(order_code()), order_code()
    coded.issue_test_code(subscription.product)
    filters = lists.ListFilters
    assert [row.pk for row in lists.sold_codes(filters(), seller=subscription.seller).rows] == [
        code_of(subscription).pk
    ]
    assert len(lists.sold_codes(filters()).rows) == 2
    assert [row.pk for row in lists.sold_codes(filters(seller=str(other.seller_id))).rows] == [code_of(other).pk]
    assert lists.sold_codes(filters(status="active")).rows == []
    assert len(lists.sold_codes(filters(search=code_of(subscription).code)).rows) == 1
    assert lists.code_of_seller(other.seller, code_of(subscription).pk) is None
