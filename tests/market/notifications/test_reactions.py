"""Notices about orders, calls and operations: recipients, language, one notice per event, and limited mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import (
    NOW,
    make_address,
    make_buyer,
    make_call,
    make_offer,
    make_operator,
    make_order,
    make_product,
)
from tests.factories.products import ON_DEMAND
from tests.market.engine import LOST, REFUSED_CONNECTION, answer, react
from tests.market.fulfilment.services import (
    FREEZE,
    RELEASE,
    again,
    done,
    failed,
    open_call,
    opened,
    passes,
    renewed,
    service,
    tried,
)
from tests.market.notifications.telling import (
    handle_events_twice,
    mails,
    member_of,
    notice_titles,
    paid_order,
    seller_with,
)
from tradepost.market.base.models import Event, Job
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.identity.models import Seller
from tradepost.market.notifications import messages, reactions
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.events import OrderCancelled
from tradepost.market.orders.models import Order
from tradepost.market.production.events import CallFailed
from tradepost.market.production.models import Address, Binding, Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Fault, Pending, Rejected, Unreachable

pytestmark = pytest.mark.django_db


def test_paid_order_notifies_its_seller_once() -> None:
    order = paid_order()
    handle_events_twice()
    name = order.lines.get().product_name_en
    assert notice_titles(member_of(order)) == [f"New order for {name}"]
    assert notice_titles(order.buyer) == []
    assert Notice.objects.get().link == f"/seller/orders/{order.number}-000001/"
    assert (mails().count(), Job.objects.filter(kind="notifications.deliver").count()) == (1, 1)


def test_completed_order_notifies_its_buyer_in_both_languages() -> None:
    order = paid_order()
    react(now=NOW)
    answer(open_call(), opened(open_call()), now=NOW)
    handle_events_twice()
    line = order.lines.get()
    assert notice_titles(order.buyer) == [f"{line.product_name_en} is ready"]
    assert notice_titles(order.buyer, "zh-hans") == [f"{line.product_name} 已开通"]


def test_refund_notifies_buyer_with_amount_and_others_with_reason() -> None:
    operator, order = make_operator(), paid_order()
    handle_events_twice()
    answer(open_call(), Unreachable(fault=Fault.BODY_SIGN_MISSING), now=NOW, last=True)
    handle_events_twice()

    name = order.lines.get().product_name_en
    assert notice_titles(order.buyer) == ["¥\xa0100.00 was returned to your balance"]
    assert notice_titles(member_of(order))[0] == f"Order {order.number} was refunded: {name} could not be delivered"
    assert notice_titles(operator) == [f"Order {order.number} could not be delivered and was refunded"]
    with translation.override("en"):
        bodies = [messages.render_notice(n.kind, n.facts).body for n in Notice.objects.filter(kind__endswith="gave_up")]
    assert len(bodies) == 2
    assert all("The header Body-Sign is missing" in body for body in bodies)


def test_notices_of_a_free_order_mention_no_money() -> None:
    operator, order = make_operator(), paid_order(prices=(ON_DEMAND,))
    handle_events_twice()
    answer(open_call(), REFUSED_CONNECTION, now=NOW, last=True)
    handle_events_twice()
    line = order.lines.get()
    number, name = order.number, line.product_name_en
    assert notice_titles(member_of(order)) == [
        f"Order {number} was closed: {name} could not be opened",
        f"New order for {name}, to be opened without payment",
    ]
    assert notice_titles(order.buyer) == [f"{name} could not be opened"]
    assert notice_titles(operator) == [f"Order {number} could not be delivered and was closed; nothing was charged"]
    assert notice_titles(operator, "zh-hans") == [f"订单 {number} 未能交付，已关闭，未产生扣款"]
    with translation.override("en"):
        notices = [messages.render_notice(n.kind, n.facts) for n in Notice.objects.all()]
    money_words = ("was paid", "¥", "was refunded", "money back", "the buyer has the money")
    assert [notice for notice in notices if any(word in f"{notice.title} {notice.body}" for word in money_words)] == []


@pytest.mark.parametrize(("by", "notice_count"), [("timeout", 1), ("buyer", 0), ("market", 0)])
def test_buyer_is_notified_only_of_a_payment_timeout(by: str, notice_count: int) -> None:
    order = make_order()
    cancel_order(order, actor=order.buyer.email, now=NOW)
    reactions.on_order_cancelled(OrderCancelled(order=order.number, by=by), NOW)
    assert Notice.objects.filter(user=order.buyer, kind="order_cancelled_timeout").count() == notice_count


# --- failed calls -----------------------------------------------------------------------------------------------------


def make_seller_call(seller: Seller, *, address: Address | None = None) -> Call:
    """Create a call to this seller at its own address, without notices about its order."""
    product = make_product(seller, address=address or make_address(seller))
    call = make_call(make_order(make_buyer(), offer=make_offer(product), paid=True))
    Event.objects.all().delete()
    return call


def test_repeatedly_failing_call_is_notified_once() -> None:
    """saas-v2 §3.10, §7: failures trigger notices; one for each change of state, not for each attempt."""
    call = make_seller_call(seller_with())
    for result, hour in ((Pending(), 0), (LOST, 1), (Rejected(code="000005"), 2)):
        answer(call, result, now=NOW + timedelta(hours=hour))
        handle_events_twice(now=NOW + timedelta(hours=hour))
    user = call.seller.members.get().user
    assert notice_titles(user) == ["newInstance failed: Response timed out"]
    sent_mails = list(mails().values_list("notice__once", "address"))
    once = Notice.objects.get().once
    assert once.startswith(f"seller_call_failed/address/{call.address_id}/")
    assert sent_mails == [(once, user.email), (once, call.seller.contact_email)]


def test_failing_address_is_notified_again_only_after_a_success() -> None:
    """Issue 10: one notice per change of state. One per failed attempt had produced 36 unread notices."""
    seller = seller_with()
    address = make_address(seller)
    for minute in range(5):
        answer(make_seller_call(seller, address=address), REFUSED_CONNECTION, now=NOW + timedelta(minutes=minute))
        handle_events_twice(now=NOW + timedelta(minutes=minute))
    assert Notice.objects.count() == 1
    answer(make_seller_call(seller, address=address), now=NOW + timedelta(minutes=6))
    answer(make_seller_call(seller, address=address), REFUSED_CONNECTION, now=NOW + timedelta(minutes=7))
    handle_events_twice(now=NOW + timedelta(minutes=7))
    assert Notice.objects.filter(kind="seller_call_failed").count() == 2


def test_business_refusal_is_notified_once_per_call() -> None:
    """saas-v2 §4: 000100 does not indicate a problem of the address."""
    seller = seller_with()
    address = make_address(seller)
    for _ in range(2):
        call = make_seller_call(seller, address=address)
        for minute in range(2):
            answer(call, Rejected(code="000100"), now=NOW + timedelta(minutes=minute))
            handle_events_twice(now=NOW + timedelta(minutes=minute))
    assert Notice.objects.filter(kind="seller_call_failed").count() == 2


def test_first_failures_at_one_address_are_mailed_once_an_hour() -> None:
    seller = seller_with()
    address, other_address = make_address(seller), make_address(seller)
    for minute, call_address in ((0, address), (1, address), (2, other_address), (60, address)):
        now = NOW + timedelta(minutes=minute)
        answer(make_seller_call(seller, address=call_address), REFUSED_CONNECTION, now=now)
        handle_events_twice(now=now)

    assert Notice.objects.count() == 2, "the first address never recovered"
    mail_times = mails().filter(to_contact=False).values_list("notice__created_at", flat=True)
    assert [(at - NOW).total_seconds() / 60 for at in mail_times] == [0, 2]


def test_notice_of_the_last_failure_states_that_no_attempt_follows() -> None:
    call = answer(make_seller_call(seller_with()), Rejected(code="000005"), now=NOW)
    reactions.on_call_failed(CallFailed(call=call.pk, attempt=1, verdict="000005", next_at=None), NOW)
    notice = Notice.objects.get()
    with translation.override("en"):
        assert (
            "Next attempt: none, because the retry plan has ended."
            in messages.render_notice(notice.kind, notice.facts).body
        )


# --- stopped operations -----------------------------------------------------------------------------------------------


def stopped_notices() -> list[tuple[str, str]]:
    """Return kind and link of the notices about stopped operations, oldest first."""
    notices = Notice.objects.filter(kind__endswith="_call_stopped").order_by("pk")
    return list(notices.values_list("kind", "link"))


def test_stopped_operation_notifies_seller_and_operators() -> None:
    """saas-v2 §3.10: releaseInstance stops after an hour and waits for a restart."""
    make_operator()
    subscription = service(members=1)
    operation = tried(subscription, Act.RELEASE)
    call = open_call()
    answer(call, LOST, now=NOW, last=True)
    handle_events_twice()
    assert stopped_notices() == [
        ("seller_call_stopped", f"/seller/messages/{call.pk}/"),
        ("operator_call_stopped", f"/console/operations/{operation.pk}/"),
    ]
    with translation.override("en"):
        texts = [messages.render_notice(n.kind, n.facts) for n in Notice.objects.filter(kind__endswith="_call_stopped")]
    assert all("releaseInstance" in text.title for text in texts)
    assert all("Response timed out" in text.body for text in texts)


@pytest.mark.parametrize("finished_calls", [0, 1])
def test_refunded_operation_is_not_notified_as_stopped(finished_calls: int) -> None:
    """saas-v2 §3.10: newInstance, and the query for its access, are refunded."""
    make_operator()
    order = paid_order()
    react(now=NOW)
    for _ in range(finished_calls):
        done(open_call())
    assert open_call().kind == ("Create", "Query")[finished_calls]
    failed(open_call())
    assert Order.objects.get(pk=order.pk).status == "refunded"
    assert stopped_notices() == []


def release_without_address(subscription: Subscription) -> None:
    """Freeze the service at its end; after the retention there is no address for the release call."""
    passes(FREEZE)
    done(open_call(), now=FREEZE)
    Binding.objects.all().delete()
    passes(RELEASE)
    assert again(subscription).status == "releasing"


def test_operation_without_an_address_is_notified_with_the_reason() -> None:
    operator = make_operator()
    subscription = service(members=1)
    with translation.override("en"):
        release_without_address(subscription)
    kinds = [kind for kind, _ in stopped_notices()]
    assert kinds == ["seller_call_stopped", "operator_call_stopped"]
    notice = Notice.objects.get(kind="operator_call_stopped", user=operator)
    with translation.override("en"):
        words = messages.render_notice(notice.kind, notice.facts)
    assert "The market stopped calling Release" in words.title
    assert "This product has no production address." in words.body


@pytest.mark.parametrize(("tried_out", "notice_count"), [(False, 1), (True, 0)])
def test_buyer_is_notified_of_a_pending_renewal_but_not_of_test_orders(tried_out: bool, notice_count: int) -> None:
    """Nobody placed the orders of a sandbox, so only the person who tests is notified."""
    subscription = service(members=1)
    if tried_out:
        tried(subscription, Act.RENEW)
    else:
        renewed(subscription)
    answer(open_call(), LOST, now=NOW, last=True)
    handle_events_twice()
    assert Operation.objects.get(kind="renew").status == "stopped"
    assert Notice.objects.filter(user=subscription.buyer, kind="renewal_waits").count() == notice_count
    assert [kind for kind, _ in stopped_notices()] == ["seller_call_stopped"]


def test_finished_test_orders_are_not_notified() -> None:
    subscription = service(members=1)
    before = Notice.objects.count()
    tried(subscription, Act.RENEW)
    done(open_call())
    tried(subscription, Act.CANCEL_RENEWAL)
    done(open_call())
    assert Notice.objects.count() == before


def test_successful_call_is_not_notified() -> None:
    subscription = service(members=1)
    user = subscription.seller.members.get().user
    before = Notice.objects.filter(user=user).count()
    tried(subscription, Act.RELEASE)
    done(open_call())
    assert Notice.objects.filter(user=user).count() == before
