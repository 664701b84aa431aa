"""Who is told what: in the reader's language, once an event, and by mail only as often as a person can bear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories.buying import make_subscription
from tests.factories.trade import (
    NOW,
    make_address,
    make_attempt,
    make_call,
    make_offer,
    make_operator,
    make_order,
    make_seller,
    make_user,
)
from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.identity.events import SigningKeyRotated
from tradepost.market.identity.keys import rotate_signing_key
from tradepost.market.identity.models import SigningKey, User
from tradepost.market.notifications import messages, reactions
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.inbox import inbox, mark_read, unread_by_user
from tradepost.market.notifications.models import Mail, Notice
from tradepost.market.notifications.tell import tell
from tradepost.market.orders.events import OrderCancelled, OrderCompleted, OrderPaid, OrderRefunded
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.events import ToppedUp
from tradepost.market.production.events import BreakerOpened, CallEnded, CallFailed
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.events import SubscriptionFrozen, SubscriptionReleased, SubscriptionUnfrozen

pytestmark = pytest.mark.django_db


def said(user: User, language: str = "en") -> list[str]:
    """Titles of a person's notices, newest first."""
    with translation.override(language):
        return [item.words.title for item in inbox(user).rows]


def member_of(order: Order) -> User:
    return order.lines.get().seller.members.get().user


def test_a_paid_order_is_told_to_its_seller_and_a_repeat_to_nobody() -> None:
    order = make_order()
    for _ in range(2):
        reactions.on_order_paid(OrderPaid(order=order.number), NOW)

    name = order.lines.get().product_name_en
    assert said(member_of(order)) == [f"New order for {name}"]
    assert said(order.buyer) == []
    assert Notice.objects.get().link == f"/seller/orders/{order.number}-000001/"
    assert (Mail.objects.count(), Job.objects.filter(kind="notifications.deliver").count()) == (1, 1)


def test_a_completed_order_is_told_to_its_buyer_in_both_languages() -> None:
    order = make_order()
    reactions.on_order_completed(OrderCompleted(order=order.number), NOW)
    line = order.lines.get()
    assert said(order.buyer) == [f"{line.product_name_en} is ready"]
    assert said(order.buyer, "zh-hans") == [f"{line.product_name} 已开通"]


def test_a_refund_tells_the_buyer_the_amount_and_the_seller_and_operators_the_reason() -> None:
    operator, order = make_operator(), make_order()
    make_call(order, state=State.ENDED, outcome=Call.Outcome.GAVE_UP, last_verdict="body_sign_missing")
    event = OrderRefunded(order=order.number, reason="the plan is over")
    for _ in range(2):
        reactions.on_order_refunded(event, NOW)
        reactions.on_delivery_given_up(event, NOW)

    name = order.lines.get().product_name_en
    assert said(order.buyer) == ["¥\xa01,200.00 is back on your balance"]
    assert said(member_of(order)) == [f"Order {order.number} was refunded: {name} could not be delivered"]
    assert said(operator) == [f"Order {order.number} could not be delivered and was refunded"]
    with translation.override("en"):
        bodies = [messages.say(n.kind, n.facts).body for n in Notice.objects.filter(kind__endswith="gave_up")]
    assert len(bodies) == 2
    assert all("The header Body-Sign is missing" in body for body in bodies)


def test_of_an_order_that_cost_nothing_no_money_is_told() -> None:
    operator = make_operator()
    order = make_order(offer=make_offer(
        charging_mode="ON_DEMAND", period_type="", price_minor=0, usage_price=1, usage_unit="次"
    ))  # fmt: skip
    reactions.on_order_paid(OrderPaid(order=order.number), NOW)
    reactions.on_order_refunded(OrderRefunded(order=order.number, reason="the plan is over"), NOW)
    reactions.on_delivery_given_up(OrderRefunded(order=order.number, reason="the plan is over"), NOW)
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


@pytest.mark.parametrize(("by", "told"), [("timeout", 1), ("buyer", 0)])
def test_only_the_markets_own_cancellation_is_told(by: str, told: int) -> None:
    order = make_order(status=Order.Status.CANCELLED)
    reactions.on_order_cancelled(OrderCancelled(order=order.number, by=by), NOW)
    assert Notice.objects.filter(user=order.buyer, kind="order_cancelled_timeout").count() == told


def fail(call: Call, verdict: str, *, now=NOW) -> None:
    attempt = make_attempt(call, verdict=verdict)
    event = CallFailed(call=call.pk, attempt=attempt.number, verdict=verdict, next_at=now + timedelta(hours=1))
    for _ in range(2):
        reactions.on_call_failed(event, now)


def test_each_failure_is_a_notice_and_the_first_of_a_call_a_mail() -> None:
    """saas-v2 §3.10: each failure triggers a notice."""
    call = make_call()
    make_attempt(call, verdict="pending")
    fail(call, "timeout")
    fail(call, "000005", now=NOW + timedelta(hours=2))

    user = call.seller.members.get().user
    assert said(user) == ["newInstance failed: 000005 other internal error", "newInstance failed: No answer in time"]
    mails = list(Mail.objects.order_by("pk").values_list("notice__once", "address"))
    once = f"seller_call_failed/{call.pk}/2/{user.pk}"
    assert mails == [(once, user.email), (once, call.seller.contact_email)]


def test_first_failures_at_one_address_are_mailed_once_an_hour() -> None:
    seller = make_seller()
    address, elsewhere = make_address(seller), make_address(seller)
    offer = make_offer(seller)
    for minute, where in ((0, address), (1, address), (2, elsewhere), (60, address)):
        fail(make_call(make_order(offer=offer), address=where), "connect", now=NOW + timedelta(minutes=minute))

    assert Notice.objects.count() == 4
    mailed = Mail.objects.filter(to_contact=False).order_by("pk").values_list("notice__created_at", flat=True)
    assert [(at - NOW).total_seconds() / 60 for at in mailed] == [0, 2, 60]


def test_a_last_failure_says_that_no_attempt_follows() -> None:
    call = make_call()
    make_attempt(call)
    reactions.on_call_failed(CallFailed(call=call.pk, attempt=1, verdict="000005", next_at=None), NOW)
    notice = Notice.objects.get()
    with translation.override("en"):
        assert "Next attempt: none, the plan is over." in messages.say(notice.kind, notice.facts).body


@pytest.mark.parametrize(
    ("kind", "activity", "until_access", "told"),
    [
        ("Release", "releaseInstance", False, 2),
        ("Create", "newInstance", False, 0),
        ("Query", "queryInstance", True, 0),
    ],
)
def test_a_stopped_call_is_told_unless_its_order_was_refunded(
    kind: str, activity: str, until_access: bool, told: int
) -> None:
    """saas-v2 §3.10: releaseInstance stops after an hour and waits for a restart; newInstance is refunded."""
    make_operator()
    call = make_call(
        kind=kind, activity=activity, until_access=until_access, state=State.ENDED, outcome=Call.Outcome.GAVE_UP,
        ended_at=NOW, last_verdict="timeout",
    )  # fmt: skip
    for _ in range(2):
        reactions.on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome="gave_up"), NOW)
    assert Notice.objects.count() == told


def test_a_call_that_succeeded_is_told_to_nobody() -> None:
    call = make_call(kind="Release", state=State.ENDED, outcome=Call.Outcome.DONE)
    reactions.on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome="done"), NOW)
    assert Notice.objects.count() == 0


def test_a_breaker_is_told_once_for_each_time_it_opens() -> None:
    operator, seller = make_operator(), make_seller(members=2)
    address = make_address(seller, breaker="open", opened_at=NOW, last_fault="connect")
    event = BreakerOpened(address=address.pk, fault="connect")
    for _ in range(3):
        reactions.on_breaker_opened(event, NOW)
    assert said(operator) == [f"Calls to an address of {seller.name_en} are paused: No connection to the server"]
    assert Notice.objects.filter(kind="seller_breaker_open").count() == 2

    address.opened_at = NOW + timedelta(hours=3)
    address.save()
    reactions.on_breaker_opened(event, NOW + timedelta(hours=3))
    assert Notice.objects.filter(kind="seller_breaker_open").count() == 4

    address.opened_at = None
    address.save()
    reactions.on_breaker_opened(event, NOW + timedelta(hours=4))
    assert Notice.objects.filter(kind="seller_breaker_open").count() == 4


def test_a_failing_interface_is_mailed_to_the_members_and_to_the_contact_address() -> None:
    """business-rules §7.1: interface failure in new/renew/expire → service mail and account mail."""
    seller = make_seller(members=2)
    address = make_address(seller, breaker="open", opened_at=NOW, last_fault="connect")
    reactions.on_breaker_opened(BreakerOpened(address=address.pk, fault="connect"), NOW)
    members = [member.user.email for member in seller.members.order_by("pk")]
    told = list(Mail.objects.order_by("pk").values_list("address", "to_contact"))
    assert sorted(told) == sorted([*((email, False) for email in members), (seller.contact_email, True)])
    copy = compose(Mail.objects.get(to_contact=True), Site("http://127.0.0.1:8000"))
    assert "because this is the contact address of a seller" in str(copy.body)
    assert "because you have an account" not in str(copy.body)


def test_a_member_who_reads_the_contact_address_gets_one_mail() -> None:
    seller = make_seller()
    seller.contact_email = seller.members.get().user.email.upper()
    seller.save()
    address = make_address(seller, breaker="open", opened_at=NOW, last_fault="connect")
    reactions.on_breaker_opened(BreakerOpened(address=address.pk, fault="connect"), NOW)
    assert list(Mail.objects.values_list("to_contact", flat=True)) == [False]


def test_orders_and_keys_are_mailed_to_members_alone() -> None:
    order = make_order()
    seller = order.lines.get().seller
    reactions.on_order_paid(OrderPaid(order=order.number), NOW)
    rotate_signing_key(seller, "base", now=NOW)
    rotate_signing_key(seller, "base", now=NOW)
    reactions.on_signing_key_rotated(SigningKeyRotated(key=SigningKey.objects.exclude(valid_until=None).get().pk), NOW)
    assert Mail.objects.count() == 2
    assert not Mail.objects.filter(to_contact=True).exists()


@pytest.mark.parametrize("withdrawn", [False, True])
def test_the_holder_of_a_service_learns_that_it_expired_and_until_when_the_data_is_kept(*, withdrawn: bool) -> None:
    """business-rules §4.4: frozen at expiry, data kept for the retention, then released; §2.8: not renewed when withdrawn."""
    held = make_subscription()
    if withdrawn:
        Product.objects.update(status=Product.Status.STOPPED)
    end = held.expires_at
    assert end is not None
    for _ in range(2):
        reactions.on_service_frozen(SubscriptionFrozen(subscription=held.pk, at=end), end)
    assert said(held.buyer) == [f"{held.product.name_en} has expired and is frozen"]
    with translation.override("en"):
        body = inbox(held.buyer).rows[0].words.body
    assert "ended at 2026-04-01 16:00 UTC+8" in body
    assert "kept until 2026-04-16 16:00 UTC+8" in body
    assert ("Renew it before then" in body, f"Write to {held.seller.name_en}" in body) == (not withdrawn, withdrawn)
    assert said(held.buyer, "zh-hans") == [f"{held.product.name} 已到期，服务已冻结"]

    gone = end + timedelta(days=15)
    reactions.on_service_released(SubscriptionReleased(subscription=held.pk, at=gone), gone)
    assert said(held.buyer)[0] == f"{held.product.name_en} has ended"
    assert list(Notice.objects.values_list("link", flat=True).distinct()) == [f"/services/{held.pk}/"]
    assert Mail.objects.filter(address=held.buyer.email).count() == 2


def test_a_freeze_within_the_paid_time_names_the_seller_to_ask_and_no_end() -> None:
    held = make_subscription()
    for hour in (1, 2):
        at = NOW + timedelta(hours=hour)
        reactions.on_service_frozen(SubscriptionFrozen(subscription=held.pk, at=at), at)
        reactions.on_service_unfrozen(SubscriptionUnfrozen(subscription=held.pk, at=at), at)
    name = held.product.name_en
    assert said(held.buyer) == [f"{name} can be used again", f"{name} is frozen"] * 2


def test_a_top_up_tells_the_new_balance() -> None:
    buyer = make_user()
    transfer = ledger.top_up(buyer, Money(50_000, "CNY"), reference="BANK-1", actor="op", now=NOW)
    for _ in range(2):
        reactions.on_topped_up(ToppedUp(transfer=transfer.pk), NOW)
    assert said(buyer) == ["¥\xa0500.00 was added to your balance"]


def test_a_rotated_key_is_told_with_the_end_of_the_earlier_one() -> None:
    seller = make_seller()
    rotate_signing_key(seller, "base", now=NOW)
    rotate_signing_key(seller, "base", now=NOW)
    old = SigningKey.objects.exclude(valid_until=None).get()
    reactions.on_signing_key_rotated(SigningKeyRotated(key=old.pk), NOW)
    user = seller.members.get().user
    assert said(user) == ["The signing key of “Base interfaces” was changed"]
    with translation.override("en"):
        assert "until 2026-03-03 16:30" in inbox(user).rows[0].words.body


def test_a_person_without_mail_address_or_locked_gets_no_mail() -> None:
    for user in (make_user(email=""), make_user(is_active=False)):
        assert tell(user, "order_completed", facts={"product": "CRM", "order": "CS1"}, once="CS1", now=NOW)
    assert Mail.objects.count() == 0


def test_a_notice_that_lacks_a_fact_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(LookupError, match="needs also: order"):
        tell(make_user(), "order_completed", facts={"product": "CRM"}, once="CS1", now=NOW)
    with pytest.raises(KeyError):
        tell(make_user(), "no_such_kind", facts={}, once="CS1", now=NOW)
    assert Notice.objects.count() == 0


def test_a_notice_of_another_version_still_shows() -> None:
    assert messages.say("from_the_future", {}).icon == "bell"
    with translation.override("en"):
        assert messages.say("order_completed", {"product": "CRM"}).body.startswith("Your order – was delivered")


@pytest.mark.parametrize("kind", messages.WORDS)
def test_every_kind_is_translated(kind: str) -> None:
    spoken = messages.WORDS[kind]
    texts = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            texts.append([str(spoken.title), str(spoken.body), str(spoken.action)])
    assert all(english != chinese for english, chinese in zip(*texts, strict=True))


def test_reading_touches_ones_own_notices_only() -> None:
    mine, other = make_user(), make_user()
    for user in (mine, other):
        for n in range(2):
            tell(user, "order_completed", facts={"product": "CRM", "order": "CS1"}, once=f"CS{n}", now=NOW)
    theirs = Notice.objects.filter(user=other).first()
    assert theirs is not None
    assert mark_read(mine, now=NOW, notice=theirs.pk) == 0
    assert mark_read(mine, now=NOW) == 2
    left = dict(User.objects.annotate(left=unread_by_user()).values_list("pk", "left"))
    assert (left[mine.pk], left[other.pk]) == (0, 2)


def test_an_event_of_many_members_costs_few_queries(django_assert_max_num_queries) -> None:
    order = make_order(offer=make_offer(make_seller(members=5)))
    with django_assert_max_num_queries(32):  # 7 and, for each of 5 mails, one job: a savepoint, a look, a row
        reactions.on_order_paid(OrderPaid(order=order.number), NOW)
    assert Notice.objects.count() == 5
