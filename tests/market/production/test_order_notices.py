"""Notifications of orders: choice of the address, time of sending, and one notification per order line.

saas-v1-license D1: "Trigger nodes: order created by new purchase, renewal, change, unsubscribe"; "one access type or
product may be associated with only one address"; "any access type … not image products". business-rules §4.2: "5 s
timeout; retried hourly for 3 h".
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.factories.people import make_member
from tests.factories.products import MONTHLY, ONCE
from tests.market.engine import AT_ONCE, LOST, answer, give_up, lease, react
from tests.market.fulfilment.changes import changeable, changed
from tests.market.fulfilment.services import SPEC, bought, command, done, renewed
from tests.market.fulfilment.unsubscribing import asked
from tests.market.plans import plan
from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment import restart
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller, SigningKey
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production import addresses, notice_bindings, order_notices
from tradepost.market.production.models import Address, Call, NoticeBinding
from tradepost.market.production.seller_queries import CallFilter, seller_calls
from tradepost.market.supervision.models import Supervision
from tradepost.protocols.commands import Done, NotifyOrder, Rejected

pytestmark = pytest.mark.django_db
BY_PEOPLE = ("HARDWARE", "MANUAL_SERVICE", "CONSULTING", "LICENSE_OFFLINE")
HOUR = timedelta(hours=1)


def seller_with_key() -> Seller:
    seller = make_seller()
    keys.rotate_signing_key(seller, SigningKey.InterfaceClass.NOTICE, now=NOW)
    make_member(seller, make_buyer())
    return seller


def notice_address(seller: Seller) -> Address:
    return make_address(seller, protocol="order_notice")


def sold_by_people(seller: Seller, kind: str = "HARDWARE") -> Product:
    return make_product(seller, product_type=kind, prices=(ONCE,), bound=False)


def pay_order(product: Product) -> OrderLine:
    order = make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    return OrderLine.objects.get(order=order)


def notices() -> list[Call]:
    return list(Call.objects.filter(purpose=Call.Purpose.NOTICE).order_by("pk"))


def notified() -> list[tuple[str, int]]:
    """Return order line and address of each notification."""
    return [(call.order_line_number, call.address_id) for call in notices()]


# --- trigger ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", BY_PEOPLE)
def test_paid_order_delivered_by_people_is_notified_d1(kind: str) -> None:
    seller = seller_with_key()
    product, address = sold_by_people(seller, kind), notice_address(seller)
    notice_bindings.bind_product(product, address)
    line = pay_order(product)
    [call] = notices()
    assert command(call) == NotifyOrder(order_id=line.order.number, order_line_id=line.number)
    assert (call.address_id, call.protocol, call.activity, call.product_id, call.owner) == (
        address.pk, "order_notice", "orderNotify", product.pk, line.pk
    )  # fmt: skip
    assert Supervision.objects.get().line_id == line.pk, "people deliver it at the same time"


def test_unpaid_order_is_not_notified() -> None:
    seller = seller_with_key()
    product = sold_by_people(seller)
    notice_bindings.bind_product(product, notice_address(seller))
    make_order(make_buyer(), offer=make_offer(product), paid=False)
    react(now=NOW)
    assert notices() == []


@pytest.mark.parametrize("kind", BY_PEOPLE)
def test_product_without_an_address_is_sold_and_nothing_is_sent(kind: str) -> None:
    line = pay_order(sold_by_people(seller_with_key(), kind))
    assert (notices(), Supervision.objects.get().line_id) == ([], line.pk)


@pytest.mark.slow
def test_purchase_renewal_and_unsubscription_are_notified_beside_the_production_interface_d1() -> None:
    seller = seller_with_key()
    product = make_product(seller, product_type="SAAS", prices=(MONTHLY,))
    address = notice_address(seller)
    notice_bindings.bind_type(seller, "SAAS", address)
    order = make_order(make_buyer(), offer=make_offer(product), paid=True)
    service = bought(order)
    renewed(service)
    done(Call.objects.get(kind="Refresh"))
    asked(service, "no_reason")
    types = [OrderLine.objects.select_related("order").get(pk=call.owner or 0).order.order_type for call in notices()]
    assert types == [Order.Type.NEW, Order.Type.RENEW, Order.Type.UNSUBSCRIBE]


def test_change_is_notified_d1() -> None:
    service = changeable(bought(make_order(make_buyer(), offer=make_offer(make_product(specs=(SPEC,))), paid=True)))
    keys.rotate_signing_key(service.seller, SigningKey.InterfaceClass.NOTICE, now=NOW)
    notice_bindings.bind_type(service.seller, "SAAS", notice_address(service.seller))
    order = changed(service)
    assert [call.order_number for call in notices()] == [order.number]
    assert order.order_type == Order.Type.CHANGE


def test_repeated_event_notifies_once() -> None:
    seller = seller_with_key()
    product = sold_by_people(seller)
    notice_bindings.bind_product(product, notice_address(seller))
    line = pay_order(product)
    for _ in range(2):
        outbox.publish(OrderPaid(order=line.order.number), now=NOW)
        react(now=NOW)
    assert len(notices()) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        [twin] = notices()
        twin.pk = None
        twin.save(force_insert=True)


def test_market_without_bindings_takes_one_query_for_any_number_of_orders(django_assert_num_queries) -> None:
    numbers = {pay_order(sold_by_people(make_seller())).order.number for _ in range(3)}
    with django_assert_num_queries(1):
        assert order_notices.notify_orders(numbers, now=NOW) == []


def test_check_for_an_earlier_notification_uses_an_index() -> None:
    calls = Call.objects.filter(purpose=Call.Purpose.NOTICE, owner__in=[1, 2])
    assert "call_notice_once" in plan(calls) or "call_of_no_order" in plan(calls)


# --- address --------------------------------------------------------------------------------------------------------------


def test_address_of_a_product_takes_precedence_over_that_of_its_type_d1() -> None:
    seller = seller_with_key()
    own, shared = notice_address(seller), notice_address(seller)
    first, second = sold_by_people(seller), sold_by_people(seller)
    other = sold_by_people(seller, "CONSULTING")
    notice_bindings.bind_type(seller, "HARDWARE", shared)
    notice_bindings.bind_product(first, own)
    lines = [pay_order(product) for product in (first, second, other)]
    assert notified() == [(lines[0].number, own.pk), (lines[1].number, shared.pk)]
    notice_bindings.bind_product(first, None)
    last = pay_order(first)
    assert notified()[-1] == (last.number, shared.pk)
    notice_bindings.bind_type(seller, "HARDWARE", None)
    pay_order(first)
    assert len(notices()) == 3


def test_type_or_product_has_one_address_d1() -> None:
    seller = seller_with_key()
    product = sold_by_people(seller)
    for address in (notice_address(seller), notice_address(seller)):
        notice_bindings.bind_type(seller, "HARDWARE", address)
        notice_bindings.bind_product(product, address)
    assert NoticeBinding.objects.count() == 2
    assert set(NoticeBinding.objects.values_list("address", flat=True)) == {address.pk}


def test_binding_of_another_seller_for_the_same_type_is_not_used() -> None:
    seller, other = seller_with_key(), seller_with_key()
    notice_bindings.bind_type(other, "HARDWARE", notice_address(other))
    pay_order(sold_by_people(seller))
    assert notices() == []


def test_invalid_binding_is_refused_and_nothing_is_stored() -> None:
    seller, other = seller_with_key(), seller_with_key()
    product, image = sold_by_people(seller), make_product(seller, product_type="SAAS", bound=False)
    Product.objects.filter(pk=image.pk).update(product_type="IMAGE")
    image.refresh_from_db()
    deleted = notice_address(seller)
    addresses.remove(deleted, now=NOW)
    for code, bind in {
        "notice.protocol": lambda: notice_bindings.bind_product(product, make_address(seller)),
        "address.foreign": lambda: notice_bindings.bind_product(product, notice_address(other)),
        "notice.type": lambda: notice_bindings.bind_product(image, notice_address(seller)),
    }.items():
        with pytest.raises(Refused) as refused:
            bind()
        assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        notice_bindings.bind_product(product, deleted)
    assert refused.value.code == "address.foreign"
    for unknown in ("IMAGE", "NOTHING"):
        with pytest.raises(Refused) as refused:
            notice_bindings.bind_type(seller, unknown, notice_address(seller))
        assert refused.value.code == "notice.type"
    assert not NoticeBinding.objects.exists()


def test_bound_address_cannot_be_deleted() -> None:
    seller = seller_with_key()
    address = notice_address(seller)
    notice_bindings.bind_type(seller, "HARDWARE", address)
    with pytest.raises(Refused) as refused:
        addresses.remove(address, now=NOW)
    assert refused.value.code == "address.in_use"
    notice_bindings.bind_type(seller, "HARDWARE", None)
    addresses.remove(address, now=NOW)
    assert Address.objects.get(pk=address.pk).removed_at == NOW


# --- retries and results ----------------------------------------------------------------------------------------------------


def waiting_notice() -> Call:
    seller = seller_with_key()
    product = sold_by_people(seller)
    notice_bindings.bind_product(product, notice_address(seller))
    pay_order(product)
    [call] = notices()
    return call


def test_notification_is_retried_hourly_for_three_hours_then_its_seller_is_notified_and_restarts_it_d1() -> None:
    call, now = waiting_notice(), NOW
    due = []
    for _ in range(4):
        call = answer(call, LOST, now=now)
        react(now=now)
        due.append(call.due_at - now)
        now = call.due_at
    assert all(HOUR <= wait <= 1.05 * HOUR for wait in due[:2])
    assert (call.outcome, call.attempts, call.give_up_at) == ("gave_up", 4, NOW + 3 * HOUR)
    notices = Notice.objects.filter(kind="seller_order_notice_gave_up")
    assert [notice.link for notice in notices] == [f"/seller/messages/{call.pk}/"]
    assert Supervision.objects.get().line.order.status == "processing", "refunded to the buyer, delivery continues"
    assert restart.may_restart_call(call)
    restart.restart_call(call, actor="lan", now=now)
    call = answer(Call.objects.get(pk=call.pk), Done(), now=now)
    react(now=now)
    assert (call.outcome, call.attempts, notices.count()) == ("done", 5, 1)
    assert not restart.may_restart_call(call)


def test_refusal_and_pending_response_are_retried() -> None:
    call = waiting_notice()
    for result in (Rejected(code="000005", message="busy", retryable=True), LOST):
        call = answer(call, result, now=NOW)
        assert call.outcome == ""


def test_failures_open_the_breaker_of_the_address() -> None:
    call = answer(waiting_notice(), LOST, now=NOW, rule=AT_ONCE)
    assert Address.objects.get(pk=call.address_id).breaker == "open"


def test_notification_is_listed_among_interface_messages() -> None:
    call = waiting_notice()
    assert list(seller_calls(call.seller, CallFilter())) == [call]
    assert list(seller_calls(call.seller, CallFilter(activity="orderNotify"))) == [call]
    assert list(seller_calls(call.seller, CallFilter(order=call.order_number))) == [call]


def test_failed_notification_is_never_the_reason_of_a_refund() -> None:
    """The newest failed call of the line used to be the reason: here that of the notification."""
    seller = seller_with_key()
    product = make_product(seller, product_type="SAAS", prices=(MONTHLY,))
    notice_bindings.bind_product(product, notice_address(seller))
    make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    create = Call.objects.get(kind="Create")
    [notice] = notices()
    answer(notice, LOST, now=NOW)
    give_up(create, Rejected(code="000100", message="", retryable=True), now=NOW)
    react(now=NOW)
    gave_up = Notice.objects.filter(kind="seller_gave_up").first()
    assert gave_up is not None
    assert "000100" in str(gave_up.facts["reason"])


def test_replaced_key_signs_no_notification() -> None:
    """saas-v2 §1.3: current first; an earlier one counts for answers while it overlaps."""
    call = waiting_notice()
    current = keys.signing_secrets(call.seller_id, "notice", now=NOW)[0]
    keys.rotate_signing_key(call.seller, SigningKey.InterfaceClass.NOTICE, now=NOW)
    leased = lease(call, now=NOW)
    assert leased.keys == (keys.signing_secrets(call.seller_id, "notice", now=NOW)[0], current)
