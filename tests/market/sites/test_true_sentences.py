"""Issue 27, 12: texts about orders, services and refunds are true for each kind of product and each state: shown text
against fact."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOW
from tests.factories.every_kind import EVERY_KIND, fetched, service_of_kind
from tests.factories.products import ONCE
from tests.market import engine
from tests.market.fulfilment import services
from tests.market.fulfilment.stopping import stopped
from tests.market.licenses.coded import activate_service, coded_product, order_code, take
from tests.market.sites.seller_center.shops import enter, make_shop
from tests.market.sites.stating import buyer_page, words_of
from tests.market.supervision.supervising import (
    CLOCKS,
    MILESTONES,
    PRICE,
    TO_ACCEPT,
    person,
    run_timer,
    supervised,
    walk,
)
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.activating import return_code
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.pay_back import refund_order
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.payments.models import Transfer
from tradepost.market.product_types.contract import DeliveryResult
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.product_types.flows.contract import Act, Party
from tradepost.market.product_types.registry import product_types
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.supervision import cancel
from tradepost.market.supervision.appeal import appeal, decide
from tradepost.market.supervision.models import Appeal

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def order_address(subscription: Subscription) -> str:
    return f"/orders/{subscription.order_line_number.rpartition('-')[0]}/"


@pytest.mark.parametrize(("kind", "mode"), EVERY_KIND)
def test_missing_access_data_is_mentioned_only_for_interfaces_that_send_it(kind: str, mode: str) -> None:
    """For an image, an API or a delivery by people, no seller sends access data."""
    subscription = service_of_kind(kind, mode)
    declared = product_types()[kind]
    gives = declared.gives is DeliveryResult.ACCESS and not (
        declared.by_people or declared.by_market or runs_in_cloud(kind)
    )
    assert gives == (kind == "SAAS")
    Subscription.objects.update(sealed_access="")
    assert access_data(fetched(subscription.pk)) is None
    for address in (order_address(subscription), f"/services/{subscription.pk}/"):
        page = words_of(buyer_page(subscription.buyer), address)
        assert ("has not stored any access data" in page) == gives, address
        assert ("Login details" in page) == gives, address
        assert "sends you the access data" not in page


@pytest.mark.slow
@pytest.mark.parametrize("status", ["frozen", "releasing", "released", "failed"])
@pytest.mark.parametrize(("kind", "mode"), EVERY_KIND)
def test_no_page_claims_that_access_is_closed_or_that_an_ended_service_will_end(
    kind: str, mode: str, status: str
) -> None:
    """A seller may not have locked it yet, and deliveries by people cannot be entered at all."""
    subscription = service_of_kind(kind, mode)
    Subscription.objects.filter(pk=subscription.pk).update(status=status)
    if status == "frozen":
        Freeze.objects.create(subscription=subscription, reason=Freeze.Reason.EXPIRED, since=NOW, actor="market")
    member = subscription.seller.members.get().user
    for reader, address in (
        (subscription.buyer, f"/services/{subscription.pk}/"),
        (subscription.buyer, f"/services/{subscription.pk}/unsubscribe/"),
        (member, f"/seller/orders/{subscription.order_line_number}/"),
        (factories.make_operator(), f"/console/services/{subscription.pk}/"),
    ):
        page = words_of(enter(reader), address)
        assert re.search(r"[Nn]obody can (enter|log in)|could not enter", page) is None, address
        if status != "frozen":
            assert "If you do nothing" not in page, address


@pytest.mark.parametrize("status", ["active", "frozen"])
def test_outcome_without_a_renewal_is_shown_only_before_the_end(status: str) -> None:
    mode = next(mode for kind, mode in EVERY_KIND if kind == "SAAS")
    subscription = service_of_kind("SAAS", mode)
    for over in (False, True):
        end = clock.now() + (-DAY if over else 30 * DAY)
        Subscription.objects.filter(pk=subscription.pk).update(status=status, expires_at=end, started_at=end - 60 * DAY)
        page = words_of(buyer_page(subscription.buyer), f"/services/{subscription.pk}/unsubscribe/")
        if "No part of this service can be refunded at the moment." in page:
            assert ("If you do nothing" in page) == (not over)
        else:
            assert not over or "If you do nothing" not in page


@pytest.mark.parametrize("decided_by", ["seller", "operator"])
def test_reduced_price_is_not_attributed_to_the_seller(decided_by: str) -> None:
    """business-rules §4.7: an operator may decide it; the amount shown is the ledger's refund."""
    supervision = supervised("MANUAL_SERVICE", answers=MILESTONES)
    if decided_by == "seller":
        walk(supervision, *TO_ACCEPT)
        cancel.request_refund(supervision.pk, "why", amount_minor=PRICE // 2, ends=False, now=NOW)
        cancel.agree(supervision.pk, "yes", by=person(supervision, Party.SELLER), clocks=CLOCKS, now=NOW)
    else:  # the first of three milestones, half of the price, was accepted
        walk(supervision, *TO_ACCEPT, (Party.BUYER, Act.ACCEPT))
        appeal(supervision.pk, Party.BUYER, "why", (), by=person(supervision, Party.BUYER), clocks=CLOCKS, now=NOW)
        decide(
            supervision.pk, Appeal.Decision.REFUND, "so", by=person(supervision, Party.OPERATOR), clocks=CLOCKS, now=NOW
        )
    engine.react(now=NOW)
    order = supervision.line.order
    back = Transfer.objects.get(reason=Transfer.Reason.REFUND, order_number=order.number)
    [entry] = back.entries.filter(amount_minor__gt=0)
    assert entry.amount_minor == PRICE // 2
    for address in (f"/orders/{order.number}/", f"/orders/{order.number}/explain/", "/refunds/"):
        page = words_of(buyer_page(supervision.buyer), address)
        assert "greed with the seller" not in page, address
        assert "2,500.00" in page, address


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("how", ["returned", "withdrawn", "failed"])
def test_only_a_failed_opening_is_called_a_failed_opening(how: str, language: str) -> None:
    """business-rules §2.10: a returned code, or one recalled by an operator, is no failure of its seller."""
    if how == "failed":
        order = stopped()
        refund_order(order, reason="gone", actor="op", now=NOW)
        subscription = Subscription.objects.get(order_lines__order=order)
    else:
        subscription = order_code()
        order = Order.objects.get(number=subscription.order_line_number.rpartition("-")[0])
        if how == "returned":
            return_code(subscription, actor=subscription.buyer.email, now=NOW)
        else:
            refund_order(order, reason="wrong code", actor="op", now=NOW)
    engine.react(now=NOW)
    subscription.refresh_from_db()
    assert subscription.status == "failed"
    member = factories.make_buyer()
    factories.make_member(subscription.seller, member)
    for reader, address in (
        (subscription.buyer, "/services/"),
        (subscription.buyer, f"/services/{subscription.pk}/"),
        (subscription.buyer, order_address(subscription)),
        (member, f"/seller/orders/{subscription.order_line_number}/"),
        (factories.make_operator(), f"/console/services/{subscription.pk}/"),
        (factories.make_operator(), "/console/services/"),
    ):
        client = enter(reader)
        client.cookies["django_language"] = language
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
        page = words_of(client, address)
        wrong = [
            words
            for words in ("Could not be opened", "could not be opened", "Not deliverable", "开通失败", "交付失败",
                          "cannot deliver this product", "Ask the seller when it will work again")
            if words in page
        ]  # fmt: skip
        assert how == "failed" or wrong == [], (address, wrong)


def test_payments_of_a_seller_are_labelled_as_before_refunds() -> None:
    """Stored days include the payments of the day; a later refund changes none."""
    shop = make_shop()
    product = factories.make_product(shop.seller)
    orders = [factories.make_order(offer=factories.make_offer(product), paid=True, now=clock.now()) for _ in range(2)]
    engine.react(now=clock.now())
    total = sum(order.total_minor for order in orders)

    def shown() -> str:
        shown_amount = re.search(
            r"Order payments ¥ ([\d,.]+) in the last \d+ days, before refunds", words_of(enter(shop.owner), "/seller/")
        )
        assert shown_amount is not None
        return shown_amount[1]

    assert shown() == f"{total / 100:,.2f}"
    give_up_order(orders[0], reason="x", now=clock.now())
    assert shown() == f"{total / 100:,.2f}"
    assert "Paid by buyers" not in words_of(enter(shop.owner), "/seller/")


def test_seller_does_not_own_an_amount_before_its_period_begins() -> None:
    """business-rules §8.2: a payment for a future time is earned when that time comes."""
    subscription = services.service(members=1)
    order = services.renewed(subscription)
    services.done(services.open_call())
    line = order.lines.get()
    earned = Transfer.objects.filter(reason=Transfer.Reason.EARNED, order_number=order.number).exists()
    assert not earned
    page = words_of(enter(subscription.seller.members.get().user), f"/seller/orders/{line.number}/")
    assert "the amount is yours" not in page
    assert "Delivered" in page


# --- deliveries, refunds and codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("free", [False, True])
def test_market_holds_a_payment_only_until_the_delivery(free: bool) -> None:
    """business-rules §2.10: held until the delivery is complete."""
    supervision = supervised("MANUAL_SERVICE")
    if free:
        supervision.line.order.lines.update(amount_minor=0)
        Order.objects.update(total_minor=0)
    for delivered in (False, True):
        if delivered:
            walk(supervision, *TO_ACCEPT, (Party.BUYER, Act.ACCEPT))
        holds = not delivered and not free
        page = words_of(buyer_page(supervision.buyer), f"/orders/{supervision.line.order.number}/")
        assert ("hold your payment" in page) == holds
        page = words_of(enter(person(supervision, Party.SELLER)), f"/seller/supervision/{supervision.pk}/")
        assert ("The payment is on hold until the delivery is accepted" in page) == holds
        assert ("The seller gets the payment." in page) == (delivered and not free)


@pytest.mark.parametrize("by", ["buyer", "timer"])
def test_automatic_acceptance_is_not_attributed_to_the_buyer(by: str) -> None:
    supervision = supervised("HARDWARE" if by == "timer" else "MANUAL_SERVICE")
    if by == "buyer":
        walk(supervision, *TO_ACCEPT, (Party.BUYER, Act.ACCEPT))
    else:
        supervision.buyer.phone = "13800138000"
        supervision.buyer.save(update_fields=["phone"])
        walk(supervision, (Party.BUYER, Act.DEMAND), (Party.SELLER, Act.SHIP))
        run_timer(supervision, NOW + 10 * DAY)
    supervision.refresh_from_db()
    assert supervision.status == "completed"
    page = words_of(buyer_page(supervision.buyer), f"/services/{supervision.subscription_id}/")
    assert "when you accept it" not in page
    assert "Delivered and accepted." in page


@pytest.mark.parametrize("service_status", ["active", "frozen", "released"])
@pytest.mark.parametrize("status", ["seller_review", "appealed", "rejected", "withdrawn"])
def test_requested_refund_promises_nothing_about_its_service(status: str, service_status: str) -> None:
    subscription = factories.make_subscription()
    Subscription.objects.update(status=service_status)
    refund = Refund.objects.create(
        kind=Refund.Kind.NEGOTIATED, status=status, buyer=subscription.buyer, seller=subscription.seller, subscription=subscription,
        amount_minor=100, currency="CNY", requested_at=NOW, appeal_at=NOW + DAY, contact_at=NOW + DAY, reason="why",
    )  # fmt: skip
    page = words_of(buyer_page(subscription.buyer), f"/refunds/{refund.pk}/")
    assert "No action is needed. The service continues" not in page
    assert "You can use the service until" not in page
    assert ("Send another request" in page) == (status == "rejected" and service_status != "released")


@pytest.mark.parametrize("on_sale", [True, False])
def test_cancelled_order_links_to_its_product_only_while_it_is_sold(on_sale: bool) -> None:
    shop = make_shop()
    product = factories.make_product(shop.seller)
    order = factories.make_order(factories.make_buyer(), offer=factories.make_offer(product))
    cancel_order(order, actor="b", now=NOW)
    if not on_sale:
        Product.objects.update(status=Product.Status.STOPPED)
    page = words_of(buyer_page(order.buyer), f"/orders/{order.number}/")
    assert ("See the product" in page) == on_sale
    assert "order again at any time" not in page


@pytest.mark.parametrize("once", [False, True])
def test_code_without_paid_time_promises_none(once: bool) -> None:
    product = coded_product(prices=(ONCE,)) if once else coded_product()
    subscription = order_code(product)
    address = f"/services/{subscription.pk}/"
    for act in (lambda: None, lambda: take(subscription), lambda: activate_service(subscription)):
        act()
        page = words_of(buyer_page(subscription.buyer), address) + words_of(
            buyer_page(subscription.buyer), order_address(subscription)
        )
        waits = Subscription.objects.get(pk=subscription.pk).status == "opening"
        assert ("paid period starts" in page) == (waits and not once)
        assert "paid period continues to run" not in page


@pytest.mark.parametrize(("kind", "mode"), EVERY_KIND)
def test_agreed_refund_deletes_an_instance_only_if_a_server_is_called(kind: str, mode: str) -> None:
    subscription = service_of_kind(kind, mode)
    refund = Refund.objects.create(
        kind=Refund.Kind.NEGOTIATED, status=Refund.Status.SELLER_REVIEW, buyer=subscription.buyer, seller=subscription.seller,
        subscription=subscription, amount_minor=100, currency="CNY", requested_at=NOW, appeal_at=NOW, contact_at=NOW,
    )  # fmt: skip
    page = words_of(enter(subscription.seller.members.get().user), f"/seller/refunds/{refund.pk}/")
    assert ("server is notified to delete the instance" in page) == (deleted_by(subscription) is DeletedBy.SELLER)


@pytest.mark.parametrize("status", list(Order.Status))
def test_calls_are_promised_only_for_an_order_that_can_still_be_paid(status: str) -> None:
    shop = make_shop()
    product = factories.make_product(shop.seller, address=factories.make_address(shop.seller))
    order = factories.make_order(offer=factories.make_offer(product))
    Order.objects.update(status=status)
    page = words_of(enter(shop.owner), f"/seller/orders/{order.lines.get().number}/")
    assert ("Calls start when the buyer has paid." in page) == (status == "unpaid")
