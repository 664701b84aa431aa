"""Authorisation codes in a market: issued, taken, activated, given back (saas-v1-license §B2, business-rules §2.10)."""

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
    activated,
    code_of,
    code_ordered,
    coded_product,
    order_of,
    software,
    taken,
)
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import by_operator
from tradepost.market.fulfilment.activating import NotActivated, give_back, take_code
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import may_pay_back, pay_back
from tradepost.market.licenses import lists
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.code_status import (
    FUTURE,
    Trouble,
    daily_clients,
    license_status,
    not_activable,
    of_a_list,
)
from tradepost.market.licenses.codes import MOST_TESTS, is_tested, issue_test, stamp
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.probes.models import FailedOrder
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.open_api.license_calls import LicenseStatus

pytestmark = pytest.mark.django_db
PRICE = 10_000


def money(held: Subscription) -> int:
    return ledger.buyer_account(held.buyer, "CNY").balance_minor


def says(held: Subscription) -> LicenseStatus | None:
    return license_status(code_of(held).status, again(held).status)


def refusal(seller: int, *codes: str, as_list: bool = False, since: datetime | None = None) -> str:
    """The row of the interface's table; nothing was changed."""
    before = list(LicenseCode.objects.order_by("pk").values())
    with pytest.raises(NotActivated) as refused:
        software(seller, *codes, as_list=as_list, since=since)
    assert list(LicenseCode.objects.order_by("pk").values()) == before
    return refused.value.trouble.code


def test_a_paid_order_has_a_code_and_its_money_waits_for_the_activation() -> None:
    held = code_ordered()
    code = code_of(held)
    assert (held.status, code.status, held.instance_id) == ("opening", "issued", "")
    assert code.code.startswith("PL")
    assert len(code.code) <= 64
    assert not Call.objects.exists(), "its product has no production address, and needs none"
    assert order_of(held).status == "processing"
    assert (told("code_ready"), told("order_completed")) == (1, 0)

    assert refusal(held.seller_id, code.code) == "92020004", "can not active before user received."
    held = taken(held)
    assert (held.instance_id, held.status, order_of(held).status) == (code.code, "opening", "processing")

    held = activated(held)
    assert (held.status, held.started_at, held.expires_at) == ("active", LATER, datetime(2026, 4, 4, 8, 0, tzinfo=UTC))
    period = Period.objects.get(subscription=held)
    assert (period.starts_at, period.ends_at, period.earned_at) == (LATER, held.expires_at, LATER)
    assert (order_of(held).status, told("order_completed")) == ("completed", 1)
    assert Operation.objects.get(subscription=held).status == "done"
    assert ledger.verify().problems == ()
    assert refusal(held.seller_id, code.code) == "92020003", "do not activate twice"


@pytest.mark.parametrize(
    ("period", "since", "end"),
    [
        ("year", "2026-12-09T02:00", "2027-12-09T02:00"),
        ("month", "2027-01-30T17:00", "2027-02-27T17:00"),
        ("year", "2028-02-28T17:00", "2029-02-27T17:00"),
    ],
)
def test_the_term_counts_from_when_the_software_came_into_use(period: str, since: str, end: str) -> None:
    """joint.md §4, effective_at: the seller's start, not before the order (openapi-jointkit §C.8)."""
    from tests.factories.products import MONTHLY, YEARLY

    begun, ended = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (since, end))
    product = coded_product(prices=(YEARLY if period == "year" else MONTHLY,))
    held = taken(code_ordered(product, now=begun - timedelta(hours=5)), now=begun - timedelta(hours=1))
    held = activated(held, since=begun, now=begun + timedelta(days=2))
    assert (held.started_at, held.expires_at) == (begun, ended)
    assert code_of(held).activated_at == begun + timedelta(days=2)


@pytest.mark.parametrize(
    ("since", "now", "wrong"),
    [
        (NOW - timedelta(seconds=1), LATER, True),
        (NOW, LATER, False),
        (LATER + FUTURE, LATER, False),
        (LATER + FUTURE + timedelta(seconds=1), LATER, True),
        (None, LATER, False),
    ],
)
def test_since_when_it_may_be_in_use(since: datetime | None, now: datetime, wrong: bool) -> None:
    """real_effect_time ≥ order time (openapi-jointkit §C.8), and not to come."""
    trouble = not_activable("taken", ordered_at=NOW, since=since, now=now)
    assert (trouble is not None and trouble.code == "92020002") == wrong


def test_one_that_is_wrong_makes_the_list_wrong_and_nothing_is_activated() -> None:
    """joint.md §5: bad in list → 92020020, none activated."""
    held, other = taken(code_ordered()), code_ordered()
    good = code_of(held).code
    assert refusal(held.seller_id, good, "PLNOBODYS", as_list=True) == "92020020"
    assert refusal(held.seller_id, good, code_of(other).code, as_list=True) == "92020020", "another seller's"
    assert refusal(held.seller_id, "PLNOBODYS") == "92020005"
    assert refusal(other.seller_id, good) == "92020005", "a foreign code is unknown"
    assert refusal(held.seller_id, good, as_list=True, since=NOW - timedelta(days=9)) == "92020002"
    software(held.seller_id, good, good, as_list=True)
    assert says(held) is LicenseStatus.ALIVE


def test_wrong_codes_are_named() -> None:
    assert of_a_list([]) is None
    assert of_a_list([("A", Trouble("92020005", "x")), ("B", Trouble("92020003", "y"))]) == Trouble(
        "92020020", "A (x), B (y)"
    )


def test_a_service_that_expires_is_renewed_frozen_and_released_says_so_at_once() -> None:
    """saas-v1-license §B2.2: alive in the grace, expired with the freeze, alive after a renewal, released for good. No
    production address, so that nothing is asked of the seller."""
    held = activated(taken(code_ordered()))
    end = held.expires_at
    assert end is not None
    passes(end + timedelta(hours=23))
    assert (again(held).status, says(held)) == ("active", LicenseStatus.ALIVE), "a day of grace"
    passes(end + timedelta(days=2))
    assert (again(held).status, says(held)) == ("frozen", LicenseStatus.EXPIRED)

    assert renewed(held, now=end + timedelta(days=3)).status == Order.Status.COMPLETED
    held = again(held)
    assert (held.status, says(held)) == ("active", LicenseStatus.ALIVE)
    assert held.expires_at == datetime(2026, 5, 4, 8, 0, tzinfo=UTC)

    by_operator.freeze(held, reason="why", actor="op", now=end + timedelta(days=4))
    assert says(held) is LicenseStatus.EXPIRED
    by_operator.lift(again(held), reason="why", actor="op", now=end + timedelta(days=5))
    assert says(held) is LicenseStatus.ALIVE

    passes(held.expires_at + timedelta(days=30))
    assert (again(held).status, says(held)) == ("released", LicenseStatus.RELEASED)
    assert not Call.objects.exists()
    assert not Freeze.objects.filter(subscription=held, lifted_at=None).exclude(reason="expired").exists()
    assert ledger.verify().problems == ()


@given(status=st.sampled_from(LicenseCode.Status.values), service=st.sampled_from([*Subscription.Status.values, None]))
def test_no_code_is_alive_but_an_activated_one_of_a_service_in_use(status: str, service: str | None) -> None:
    said = license_status(status, service)
    assert (said is LicenseStatus.ALIVE) == (status == "active" and service in {"active", None})
    assert status == "active" or said is None


def test_a_code_bought_once_has_no_end() -> None:
    held = activated(taken(code_ordered(coded_product(prices=(ONCE,)))))
    assert (held.status, held.expires_at) == ("active", None)
    assert order_of(held).status == "completed"


def test_what_was_not_taken_is_given_back_in_full() -> None:
    """business-rules §2.10: after the code was taken negotiated refund is impossible."""
    held = code_ordered()
    was = money(held)
    give_back(held, actor=held.buyer.email, now=LATER)
    react(now=LATER)
    assert money(held) == was + PRICE
    assert (again(held).status, code_of(held).status, order_of(held).status) == ("failed", "withdrawn", "refunded")
    assert not FailedOrder.objects.exists(), "nobody failed"
    assert (told("order_refunded"), told("seller_gave_up")) == (0, 0)
    assert refusal(held.seller_id, code_of(held).code) == "92020003"
    with pytest.raises(Refused) as refused:
        take_code(held, actor="b", now=LATER)
    assert refused.value.code == "license.no_code"
    assert ledger.verify().problems == ()


def test_what_was_taken_is_not_given_back_by_its_buyer_but_may_be_by_an_operator() -> None:
    held = taken(code_ordered())
    was, operator = money(held), make_operator()
    with pytest.raises(Refused) as refused:
        give_back(held, actor=held.buyer.email, now=LATER)
    assert refused.value.code == "license.taken"
    assert (money(held), code_of(held).status, order_of(held).status) == (was, "taken", "processing")

    assert may_pay_back(order_of(held))
    pay_back(order_of(held), reason="the software never worked", actor=operator.email, now=LATER)
    react(now=LATER)
    assert (money(held), code_of(held).status, order_of(held).status) == (was + PRICE, "withdrawn", "refunded")
    assert again(held).status == "failed"
    assert ledger.verify().problems == ()


def test_taking_it_again_changes_nothing() -> None:
    held = taken(code_ordered())
    first = code_of(held)
    assert take_code(held, actor="b", now=LATER).taken_at == first.taken_at
    held = activated(held)
    assert take_code(held, actor="b", now=LATER).status == "active"


def test_a_test_code_stands_for_no_purchase_and_shows_that_the_software_works() -> None:
    """business-rules §2.5: test auth codes must pass activate and heartbeat."""
    product = coded_product()
    code = coded.made_for_tests(product)
    assert (code.status, is_tested(product)) == ("taken", False)
    assert refusal(make_seller().pk, code.code) == "92020005"
    software(product.seller_id, code.code)
    code.refresh_from_db()
    assert (code.status, license_status(code.status, None), is_tested(product)) == (
        "active",
        LicenseStatus.ALIVE,
        False,
    )
    stamp([code], now=LATER)
    assert is_tested(product)
    assert not Subscription.objects.exists()


def test_test_codes_are_bounded_and_only_for_what_is_delivered_by_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.factories import make_product
    from tradepost.market.licenses import codes

    with pytest.raises(Refused) as refused:
        issue_test(make_product(), now=NOW)
    assert refused.value.code == "license.no_codes"
    assert MOST_TESTS >= 10
    monkeypatch.setattr(codes, "MOST_TESTS", 2)
    product = coded_product()
    for _ in range(2):
        issue_test(product, now=NOW)
    with pytest.raises(Refused) as refused:
        issue_test(product, now=NOW)
    assert (refused.value.code, LicenseCode.objects.count()) == ("license.too_many_tests", 2)


def test_a_question_is_remembered_to_the_minute() -> None:
    code = coded.made_for_tests(coded_product())
    for at, kept in ((0, 0), (59, 0), (60, 60), (61, 60)):
        stamp([LicenseCode.objects.get()], now=NOW + timedelta(seconds=at))
        code.refresh_from_db()
        assert code.queried_at == NOW + timedelta(seconds=kept)


@pytest.mark.parametrize(("ids", "greatest", "clients"), [(2, 5, 5), (2, None, 2), (0, 3, 3), (7, 5, 7), (0, None, 0)])
def test_clients_of_a_day(ids: int, greatest: int | None, clients: int) -> None:
    """joint.md §4: max(distinct ids, greatest active_num); a, b, a and 5, 3 → 5."""
    assert daily_clients(ids, greatest) == clients


def test_lists_hold_the_sellers_own() -> None:
    held, other = taken(code_ordered()), code_ordered()
    coded.made_for_tests(held.product)
    asked = lists.Narrowed
    assert [one.pk for one in lists.sold_codes(asked(), seller=held.seller).rows] == [code_of(held).pk]
    assert len(lists.sold_codes(asked()).rows) == 2
    assert [one.pk for one in lists.sold_codes(asked(seller=str(other.seller_id))).rows] == [code_of(other).pk]
    assert lists.sold_codes(asked(status="active")).rows == []
    assert len(lists.sold_codes(asked(search=code_of(held).code)).rows) == 1
    assert lists.code_of_seller(other.seller, code_of(held).pk) is None
