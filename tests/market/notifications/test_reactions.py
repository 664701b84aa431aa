"""Who is told what: in the reader's language, once an event, and by mail only as often as a person can bear."""

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
from tests.market.notifications.telling import happens, mails, member_of, paid, said, seller_with
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


def test_a_paid_order_is_told_to_its_seller_and_a_repeat_to_nobody() -> None:
    order = paid()
    happens()
    name = order.lines.get().product_name_en
    assert said(member_of(order)) == [f"New order for {name}"]
    assert said(order.buyer) == []
    assert Notice.objects.get().link == f"/seller/orders/{order.number}-000001/"
    assert (mails().count(), Job.objects.filter(kind="notifications.deliver").count()) == (1, 1)


def test_a_completed_order_is_told_to_its_buyer_in_both_languages() -> None:
    order = paid()
    react(now=NOW)
    answer(open_call(), opened(open_call()), now=NOW)
    happens()
    line = order.lines.get()
    assert said(order.buyer) == [f"{line.product_name_en} is ready"]
    assert said(order.buyer, "zh-hans") == [f"{line.product_name} 已开通"]


def test_a_refund_tells_the_buyer_the_amount_and_the_seller_and_operators_the_reason() -> None:
    operator, order = make_operator(), paid()
    happens()
    answer(open_call(), Unreachable(fault=Fault.BODY_SIGN_MISSING), now=NOW, last=True)
    happens()

    name = order.lines.get().product_name_en
    assert said(order.buyer) == ["¥\xa0100.00 is back on your balance"]
    assert said(member_of(order))[0] == f"Order {order.number} was refunded: {name} could not be delivered"
    assert said(operator) == [f"Order {order.number} could not be delivered and was refunded"]
    with translation.override("en"):
        bodies = [messages.say(n.kind, n.facts).body for n in Notice.objects.filter(kind__endswith="gave_up")]
    assert len(bodies) == 2
    assert all("The header Body-Sign is missing" in body for body in bodies)


def test_of_an_order_that_cost_nothing_no_money_is_told() -> None:
    operator, order = make_operator(), paid(prices=(ON_DEMAND,))
    happens()
    answer(open_call(), REFUSED_CONNECTION, now=NOW, last=True)
    happens()
    line = order.lines.get()
    number, name = order.number, line.product_name_en
    assert said(member_of(order)) == [
        f"Order {number} was closed: {name} could not be opened",
        f"New order for {name}, to be opened without payment",
    ]
    assert said(order.buyer) == [f"{name} could not be opened"]
    assert said(operator) == [f"Order {number} could not be delivered and was closed; nothing was charged"]
    assert said(operator, "zh-hans") == [f"订单 {number} 未能交付，已关闭，未产生扣款"]
    with translation.override("en"):
        told = [messages.say(n.kind, n.facts) for n in Notice.objects.all()]
    wrong = ("was paid", "¥", "was refunded", "money back", "the buyer has the money")
    assert [one for one in told if any(word in f"{one.title} {one.body}" for word in wrong)] == []


@pytest.mark.parametrize(("by", "told"), [("timeout", 1), ("buyer", 0), ("market", 0)])
def test_only_the_end_of_the_time_to_pay_is_told(by: str, told: int) -> None:
    order = make_order()
    cancel_order(order, actor=order.buyer.email, now=NOW)
    reactions.on_order_cancelled(OrderCancelled(order=order.number, by=by), NOW)
    assert Notice.objects.filter(user=order.buyer, kind="order_cancelled_timeout").count() == told


# --- calls that fail -------------------------------------------------------------------------------------------------


def called(seller: Seller, *, address: Address | None = None) -> Call:
    """Something asked of this seller, at an address of its own; its order is not told of here."""
    product = make_product(seller, address=address or make_address(seller))
    call = make_call(make_order(make_buyer(), offer=make_offer(product), paid=True))
    Event.objects.all().delete()
    return call


def test_a_call_that_goes_on_failing_is_told_once_with_its_mail() -> None:
    """saas-v2 §3.10, §7: failures trigger notices; one for each change of state, not for each attempt."""
    call = called(seller_with())
    for result, hour in ((Pending(), 0), (LOST, 1), (Rejected(code="000005"), 2)):
        answer(call, result, now=NOW + timedelta(hours=hour))
        happens(now=NOW + timedelta(hours=hour))
    user = call.seller.members.get().user
    assert said(user) == ["newInstance failed: No answer in time"]
    mailed = list(mails().values_list("notice__once", "address"))
    once = Notice.objects.get().once
    assert once.startswith(f"seller_call_failed/address/{call.address_id}/")
    assert mailed == [(once, user.email), (once, call.seller.contact_email)]


def test_calls_to_an_address_that_fails_already_are_not_told_again_until_it_was_well() -> None:
    """One notice per failed attempt made a badge of 36: one per change of state (issue 10)."""
    seller = seller_with()
    address = make_address(seller)
    for minute in range(5):
        answer(called(seller, address=address), REFUSED_CONNECTION, now=NOW + timedelta(minutes=minute))
        happens(now=NOW + timedelta(minutes=minute))
    assert Notice.objects.count() == 1
    answer(called(seller, address=address), now=NOW + timedelta(minutes=6))
    answer(called(seller, address=address), REFUSED_CONNECTION, now=NOW + timedelta(minutes=7))
    happens(now=NOW + timedelta(minutes=7))
    assert Notice.objects.filter(kind="seller_call_failed").count() == 2


def test_a_refusal_for_a_reason_of_business_is_told_once_for_its_call() -> None:
    """saas-v2 §4: 000100 says nothing of the address."""
    seller = seller_with()
    address = make_address(seller)
    for _ in range(2):
        call = called(seller, address=address)
        for minute in range(2):
            answer(call, Rejected(code="000100"), now=NOW + timedelta(minutes=minute))
            happens(now=NOW + timedelta(minutes=minute))
    assert Notice.objects.filter(kind="seller_call_failed").count() == 2


def test_first_failures_at_one_address_are_mailed_once_an_hour() -> None:
    seller = seller_with()
    address, elsewhere = make_address(seller), make_address(seller)
    for minute, where in ((0, address), (1, address), (2, elsewhere), (60, address)):
        now = NOW + timedelta(minutes=minute)
        answer(called(seller, address=where), REFUSED_CONNECTION, now=now)
        happens(now=now)

    assert Notice.objects.count() == 2, "the first address was failing all the time"
    mailed = mails().filter(to_contact=False).values_list("notice__created_at", flat=True)
    assert [(at - NOW).total_seconds() / 60 for at in mailed] == [0, 2]


def test_a_last_failure_says_that_no_attempt_follows() -> None:
    call = answer(called(seller_with()), Rejected(code="000005"), now=NOW)
    reactions.on_call_failed(CallFailed(call=call.pk, attempt=1, verdict="000005", next_at=None), NOW)
    notice = Notice.objects.get()
    with translation.override("en"):
        assert "Next attempt: none, the plan is over." in messages.say(notice.kind, notice.facts).body


# --- operations that stop --------------------------------------------------------------------------------------------


def stopped_notices() -> list[tuple[str, str]]:
    """Of operations that stopped: kind and link, in their order."""
    found = Notice.objects.filter(kind__endswith="_call_stopped").order_by("pk")
    return list(found.values_list("kind", "link"))


def test_a_stopped_operation_is_told_to_the_seller_and_the_operators_each_time() -> None:
    """saas-v2 §3.10: releaseInstance stops after an hour and waits for a restart."""
    make_operator()
    subscription = service(members=1)
    operation = tried(subscription, Act.RELEASE)
    call = open_call()
    answer(call, LOST, now=NOW, last=True)
    happens()
    assert stopped_notices() == [
        ("seller_call_stopped", f"/seller/messages/{call.pk}/"),
        ("operator_call_stopped", f"/console/operations/{operation.pk}/"),
    ]
    with translation.override("en"):
        told = [messages.say(n.kind, n.facts) for n in Notice.objects.filter(kind__endswith="_call_stopped")]
    assert all("releaseInstance" in one.title for one in told)
    assert all("No answer in time" in one.body for one in told)


@pytest.mark.parametrize("place", [0, 1])
def test_what_was_refunded_is_not_told_as_stopped(place: int) -> None:
    """saas-v2 §3.10: newInstance, and the query for its access, are refunded."""
    make_operator()
    order = paid()
    react(now=NOW)
    for _ in range(place):
        done(open_call())
    assert open_call().kind == ("Create", "Query")[place]
    failed(open_call())
    assert Order.objects.get(pk=order.pk).status == "refunded"
    assert stopped_notices() == []


def released_without_address(subscription: Subscription) -> None:
    """Frozen at its end; then its retention is over, and nobody can be asked to delete it."""
    passes(FREEZE)
    done(open_call(), now=FREEZE)
    Binding.objects.all().delete()
    passes(RELEASE)
    assert again(subscription).status == "releasing"


def test_what_could_not_even_be_asked_is_told_with_its_reason() -> None:
    operator = make_operator()
    subscription = service(members=1)
    with translation.override("en"):
        released_without_address(subscription)
    kinds = [kind for kind, _ in stopped_notices()]
    assert kinds == ["seller_call_stopped", "operator_call_stopped"]
    notice = Notice.objects.get(kind="operator_call_stopped", user=operator)
    with translation.override("en"):
        words = messages.say(notice.kind, notice.facts)
    assert "Release was given up" in words.title
    assert "This product has no production address." in words.body


@pytest.mark.parametrize(("tried_out", "told"), [(False, 1), (True, 0)])
def test_a_buyer_learns_that_a_renewal_waits_and_nothing_of_what_is_tried_out(tried_out: bool, told: int) -> None:
    """Nobody placed the orders of a sandbox: nobody is told of them but who tries."""
    subscription = service(members=1)
    if tried_out:
        tried(subscription, Act.RENEW)
    else:
        renewed(subscription)
    answer(open_call(), LOST, now=NOW, last=True)
    happens()
    assert Operation.objects.get(kind="renew").status == "stopped"
    assert Notice.objects.filter(user=subscription.buyer, kind="renewal_waits").count() == told
    assert [kind for kind, _ in stopped_notices()] == ["seller_call_stopped"]


def test_what_is_tried_out_is_told_to_nobody_when_it_is_done_or_given_up() -> None:
    subscription = service(members=1)
    before = Notice.objects.count()
    tried(subscription, Act.RENEW)
    done(open_call())
    tried(subscription, Act.CANCEL_RENEWAL)
    done(open_call())
    assert Notice.objects.count() == before


def test_a_call_that_succeeded_is_told_to_no_seller() -> None:
    subscription = service(members=1)
    user = subscription.seller.members.get().user
    before = Notice.objects.filter(user=user).count()
    tried(subscription, Act.RELEASE)
    done(open_call())
    assert Notice.objects.filter(user=user).count() == before
