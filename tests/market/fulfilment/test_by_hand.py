"""Each act by hand asks what the protocol has, and its end changes what the buyer holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.factories.buying import make_subscription
from tests.factories.products import MONTHLY, ONCE, YEARLY
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.base.work import State
from tradepost.market.catalog.listing import NewSku, NewSpec
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment import by_hand, come_true, expiry
from tradepost.market.fulfilment.acts import Act, done_refreshes, kept_renewals, possible
from tradepost.market.fulfilment.by_hand import Target
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.events import OrderCompleted
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.production import calls
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import (
    CheckChange,
    Expire,
    InstanceStatus,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.registry import protocol

pytestmark = pytest.mark.django_db

END = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
"""A month after NOW."""
BY = "engineer@your-company.example"
SPEC = NewSpec(
    name="规格",
    name_en="Spec",
    attributes=[{"code": "e", "name": "版本", "name_en": "Edition", "values": [
        {"code": "s", "name": "标准", "name_en": "Small"}, {"code": "l", "name": "专业", "name_en": "Large"}]}],
    skus=(
        NewSku(prices=(MONTHLY, YEARLY), values={"e": "s"}, quantity_name="席位", quantity_name_en="Seats", quantity_max=50),
        NewSku(prices=(MONTHLY, YEARLY), values={"e": "l"}, quantity_name="席位", quantity_name_en="Seats", quantity_max=50),
    ),
)  # fmt: skip


def held(spoken: str = "saas_v2", *, once: bool = False, kind: str = "SAAS") -> Subscription:
    """A service in use, a month of it or once, at a seller that speaks this protocol."""
    seller = make_seller()
    address = make_address(seller, protocol=spoken)
    shape = {"prices": (ONCE,)} if once else {"specs": (SPEC,)}
    product = make_product(seller, address=address, product_type=kind, **shape)
    return make_subscription(make_order(make_buyer(), offer=make_offer(product), paid=True))


def end(call: Call, *, outcome: str = Call.Outcome.DONE, times: int = 2) -> None:
    """As the engine records it and tells it; twice, since an event may come twice."""
    Call.objects.filter(pk=call.pk).update(state=State.ENDED, outcome=outcome, ended_at=NOW, last_verdict="000005")
    ended = CallEnded(call=call.pk, kind=call.kind, outcome=outcome, subscription=call.subscription_id)
    for _ in range(times):
        come_true.on_call_ended(ended, NOW)


def command(call: Call):
    return calls.load(call.kind, call.command)


def again(subscription: Subscription) -> Subscription:
    return Subscription.objects.select_related("offer__sku").get(pk=subscription.pk)


def acts(subscription: Subscription) -> frozenset[Act]:
    found = again(subscription)
    return possible(found, expiry.protocol_of(found), kept_renewals(done_refreshes([found])))


def offers(subscription: Subscription) -> list[Offer]:
    """Small by month and year, large by month and year."""
    own = Offer.objects.select_related("sku__spec__product__seller").filter(sku__spec__product=subscription.product)
    return list(own.order_by("sku", "pk"))


@pytest.mark.parametrize(
    ("spoken", "kind", "once", "expected"),
    [
        ("saas_v2", "SAAS", False, {Act.RENEW, Act.FREEZE, Act.UPGRADE, Act.RENEW_CHANGED, Act.RELEASE}),
        ("saas_v2", "SAAS", True, {Act.FREEZE, Act.RELEASE}),
        ("saas_v1", "SAAS", False, {Act.RENEW, Act.FREEZE, Act.UPGRADE, Act.RELEASE}),
        ("saas_v1", "SAAS", True, {Act.RELEASE}),
        ("license_v1", "LICENSE", False, {Act.RENEW, Act.FREEZE, Act.RELEASE}),
        ("license_online", "LICENSE", False, {Act.RENEW, Act.FREEZE, Act.RELEASE}),
    ],
)
def test_only_what_the_protocol_has_can_be_tried(spoken: str, kind: str, once: bool, expected: set[Act]) -> None:
    """saas-v2 §1.4, saas-v1-license A2: renewals and upgrades are of periods, changes at renewal of SaaS 2.0 alone."""
    assert acts(held(spoken, once=once, kind=kind)) == expected


def test_a_renewal_is_an_order_that_the_seller_can_query_and_moves_the_end() -> None:
    """saas-v2 §3.3: a new order id and the absolute expiry; productId only when the renewal changes it."""
    subscription = held()
    call = by_hand.renew(subscription, actor=BY, now=NOW)
    asked = command(call)
    order = Order.objects.get(order_type=Order.Type.RENEW)
    new_end = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
    assert isinstance(asked, Refresh)
    assert (asked.scene, asked.expires_at, asked.product_id) == (Scene.RENEWAL, new_end, "")
    assert (asked.order_id, asked.order_line_id) == (order.number, f"{order.number}-000001")
    assert (order.status, order.total_minor) == (Order.Status.PROCESSING, 0)
    told = order_of_seller(order.number, subscription.seller_id)
    assert told is not None
    assert (told.order_type, told.lines[0].period_number, told.lines[0].expires_at) == ("RENEW", 1, new_end)
    assert again(subscription).expires_at == END, "nothing is true before the seller did it"
    end(call)
    assert again(subscription).expires_at == new_end
    assert Order.objects.get(pk=order.pk).status == Order.Status.COMPLETED
    told_later = order_of_seller(order.number, subscription.seller_id)
    assert told_later is not None
    assert told_later.lines[0].expires_at == new_end
    assert ledger.verify().problems == ()


def test_a_cancelled_renewal_goes_back_to_the_end_before_it() -> None:
    """saas-v2 §3.3: the new expireTime is earlier than the current one; the order is the unsubscription's (§10, 19)."""
    subscription = held()
    end(by_hand.renew(subscription, actor=BY, now=NOW))
    end(by_hand.renew(subscription, actor=BY, now=NOW))
    call = by_hand.cancel_renewal(subscription, actor=BY, now=NOW)
    asked = command(call)
    assert isinstance(asked, Refresh)
    assert asked.scene is Scene.UNSUBSCRIBE_RENEWAL_PERIOD
    assert Order.objects.get(number=asked.order_id).order_type == Order.Type.UNSUBSCRIBE
    end(call)
    assert again(subscription).expires_at == datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
    end(by_hand.cancel_renewal(subscription, actor=BY, now=NOW))
    assert again(subscription).expires_at == END
    assert Act.CANCEL_RENEWAL not in acts(subscription)


def test_over_saas_1_a_cancelled_renewal_has_a_negative_amount_on_the_wire() -> None:
    """saas-v1-license A2.3: the sign of orderAmount is all that tells it."""
    subscription = held("saas_v1")
    end(by_hand.renew(subscription, actor=BY, now=NOW))
    asked = command(by_hand.cancel_renewal(subscription, actor=BY, now=NOW))
    sent = protocol("saas_v1").encode(asked, address="http://127.0.0.1:9/x", key="k", now=NOW, nonce="n")
    assert "orderAmount=-100" in sent.url


@pytest.mark.parametrize("spoken", ["saas_v2", "license_online"])
def test_freeze_and_unfreeze(spoken: str) -> None:
    """saas-v2 §3.4."""
    subscription = held(spoken, kind="LICENSE" if spoken == "license_online" else "SAAS")
    call = by_hand.freeze(subscription, now=NOW)
    assert command(call) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.FREEZE)
    end(call)
    assert again(subscription).status == Subscription.Status.FROZEN
    assert Act.FREEZE not in acts(subscription)
    call = by_hand.unfreeze(subscription, now=NOW)
    assert command(call) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.UNFREEZE)
    end(call)
    assert again(subscription).status == Subscription.Status.ACTIVE
    end(by_hand.release(subscription, now=NOW))
    moved = (
        Event.objects.filter(name__startswith="subscription_").order_by("pk").values_list("name", "facts__subscription")
    )
    assert list(moved) == [
        (name, subscription.pk) for name in ("subscription_frozen", "subscription_unfrozen", "subscription_released")
    ], "told once each, though the end of a call may come twice"


def test_over_saas_1_a_period_is_frozen_by_its_expiry_and_thawed_by_the_renewal() -> None:
    """saas-v1-license A2.4: expireInstance with the order of the purchase; there is no call that ends the freeze."""
    subscription = held("saas_v1")
    bought = OrderLine.objects.get(number=subscription.order_line_number).order.number
    call = by_hand.freeze(subscription, now=NOW)
    assert command(call) == Expire(instance_id=subscription.instance_id, order_id=bought)
    end(call)
    assert again(subscription).status == Subscription.Status.FROZEN
    assert Act.UNFREEZE not in acts(subscription)
    end(by_hand.renew(subscription, actor=BY, now=NOW))
    assert again(subscription).status == Subscription.Status.ACTIVE
    assert command(by_hand.release(subscription, now=NOW)) == Release(
        instance_id=subscription.instance_id, order_id=bought
    )


def test_over_saas_2_a_renewal_of_what_is_frozen_asks_to_unfreeze() -> None:
    """saas-v2 §3.4: UNFREEZE: renewed."""
    subscription = held()
    end(by_hand.freeze(subscription, now=NOW))
    end(by_hand.renew(subscription, actor=BY, now=NOW))
    assert again(subscription).status == Subscription.Status.FROZEN, "until the seller did it"
    [thaw] = Call.objects.exclude(state=State.ENDED)
    assert command(thaw) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.UNFREEZE)
    end(thaw)
    assert again(subscription).status == Subscription.Status.ACTIVE


def test_an_upgrade_changes_edition_and_quantity_and_keeps_the_end() -> None:
    """saas-v2 §3.6: instanceId and expiry stay; the seller reads the target from an order of the type CHANGE."""
    subscription = held()
    large = offers(subscription)[2]
    call = by_hand.upgrade(subscription, Target(large, 7), actor=BY, now=NOW)
    assert isinstance(command(call), Upgrade)
    told = order_of_seller(call.order_number, subscription.seller_id)
    assert told is not None
    [line] = told.lines
    assert (told.order_type, line.products[0].product_id, line.products[0].linear_value, line.expires_at) == (
        "CHANGE",
        large.product_id,
        7,
        END,
    )
    end(call)
    found = again(subscription)
    assert (found.offer_id, found.quantity, found.expires_at) == (large.pk, 7, END)


@pytest.mark.parametrize(("place", "quantity", "field"), [(0, 1, "offer"), (1, 2, "offer"), (0, 51, "quantity")])
def test_an_upgrade_to_nothing_else_another_period_or_too_many_is_refused(
    place: int, quantity: int, field: str
) -> None:
    """saas-v2 §8.1."""
    subscription = held()
    with pytest.raises(Refused) as refused:
        by_hand.upgrade(subscription, Target(offers(subscription)[place], quantity), actor=BY, now=NOW)
    assert refused.value.field == field
    assert not Call.objects.exists()
    assert not Order.objects.exclude(order_type=Order.Type.NEW).exists()


def test_a_given_up_upgrade_ends_its_order_and_changes_nothing() -> None:
    subscription = held()
    call = by_hand.upgrade(subscription, Target(offers(subscription)[2], 7), actor=BY, now=NOW)
    end(call, outcome=Call.Outcome.GAVE_UP)
    assert Order.objects.get(order_type=Order.Type.CHANGE).status == Order.Status.REFUNDED
    assert again(subscription).quantity == 1
    assert ledger.verify().problems == ()


def test_a_renewal_with_change_asks_first_and_then_tells() -> None:
    """saas-v2 §3.7, §8.1: changeInstanceCheck, then refreshInstance RENEWAL_CHANGE with the new productId."""
    subscription = held()
    yearly = offers(subscription)[3]
    check = by_hand.renew_changed(subscription, Target(yearly, 2), actor=BY, now=NOW)
    assert command(check) == CheckChange(
        instance_id=subscription.instance_id,
        product_id=yearly.product_id,
        sku_code=yearly.sku.code,
        product_name=subscription.product.name,
        linear_value=2,
    )
    end(check)
    [refresh] = Call.objects.filter(kind="Refresh")
    asked = command(refresh)
    until = datetime(2027, 4, 1, 8, 0, tzinfo=UTC)
    assert isinstance(asked, Refresh)
    assert (asked.scene, asked.expires_at, asked.product_id) == (Scene.RENEWAL_CHANGE, until, yearly.product_id)
    end(refresh)
    found = again(subscription)
    assert (found.offer_id, found.quantity, found.expires_at) == (yearly.pk, 2, until)
    assert Act.CANCEL_RENEWAL not in acts(subscription), "its cancellation would leave the other edition"


def test_a_refused_change_is_not_asked_for() -> None:
    """saas-v2 §3.7: any code other than 000000 blocks the change."""
    subscription = held()
    end(by_hand.renew_changed(subscription, Target(offers(subscription)[2], 1), actor=BY, now=NOW), outcome="gave_up")
    assert not Call.objects.filter(kind="Refresh").exists()
    assert Order.objects.get(order_type=Order.Type.RENEW).status == Order.Status.REFUNDED


def test_a_release_ends_it_all() -> None:
    """saas-v2 §3.5: without an order, since no unsubscription caused it."""
    subscription = held()
    renewal = by_hand.renew(subscription, actor=BY, now=NOW)
    end(renewal, outcome=Call.Outcome.GAVE_UP)
    with pytest.raises(Refused, match=r"by_hand\.open_change"):
        by_hand.renew(subscription, actor=BY, now=NOW)
    call = by_hand.release(subscription, now=NOW)
    assert command(call) == Release(instance_id=subscription.instance_id)
    end(call)
    assert again(subscription).status == Subscription.Status.RELEASED
    assert acts(subscription) == frozenset()
    assert Order.objects.get(order_type=Order.Type.RENEW).status == Order.Status.REFUNDED


def test_an_event_of_an_earlier_version_is_followed_too() -> None:
    subscription = held()
    call = by_hand.freeze(subscription, now=NOW)
    Call.objects.filter(pk=call.pk).update(state=State.ENDED, outcome=Call.Outcome.DONE, ended_at=NOW)
    come_true.on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome=Call.Outcome.DONE), NOW)
    assert again(subscription).status == Subscription.Status.FROZEN


def test_one_call_at_a_time() -> None:
    subscription = held()
    by_hand.freeze(subscription, now=NOW)
    with pytest.raises(Refused, match=r"by_hand\.under_way"):
        by_hand.release(subscription, now=NOW)
    assert Call.objects.count() == 1


def test_a_real_market_has_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = held()
    monkeypatch.setattr(by_hand, "config", lambda: config().model_copy(update={"sandbox": False}))
    with pytest.raises(Refused, match=r"by_hand\.real_market"):
        by_hand.freeze(subscription, now=NOW)
    assert not Call.objects.exists()


# --- the end of the paid time -------------------------------------------------------------------------------------


def test_a_period_that_ends_is_frozen_and_after_fifteen_days_released() -> None:
    """business-rules §4.4."""
    subscription = held()
    number = subscription.order_line_number.rpartition("-")[0]
    for _ in range(2):
        expiry.on_order_completed(OrderCompleted(order=number), NOW)
    [job] = Job.objects.filter(kind=expiry.END_OF_PERIOD)
    assert job.due_at == END - expiry.NOTICE
    assert expiry.end_of_period(job.payload, END - expiry.NOTICE) == END, "its buyer is reminded"
    assert expiry.end_of_period(job.payload, END - timedelta(seconds=1)) == END
    assert expiry.end_of_period(job.payload, END) is None
    [freeze] = Call.objects.all()
    assert command(freeze) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.FREEZE)
    end(freeze)
    [retention] = Job.objects.filter(kind=expiry.END_OF_RETENTION)
    assert retention.due_at == END + timedelta(days=15)
    assert expiry.end_of_retention(retention.payload, retention.due_at) is None
    released = Call.objects.get(kind="Release")
    end(released)
    assert again(subscription).status == Subscription.Status.RELEASED


def test_a_renewal_in_the_retention_counts_from_the_end_before_and_stops_the_release() -> None:
    """business-rules §4.4: counts from the original expiry."""
    subscription = held()
    payload = {"subscription": subscription.pk}
    expiry.end_of_period(payload, END)
    end(Call.objects.get())
    renewal = by_hand.renew(subscription, actor=BY, now=END)
    assert expiry.end_of_retention(payload, END + timedelta(days=15)) == END + timedelta(days=15, minutes=10)
    end(renewal)
    assert again(subscription).expires_at == datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
    [(kind, due_at)] = Job.objects.filter(kind__startswith="subscriptions.").values_list("kind", "due_at")
    assert (kind, due_at) == (expiry.END_OF_PERIOD, datetime(2026, 4, 24, 8, 0, tzinfo=UTC))
    assert expiry.end_of_retention(payload, END + timedelta(days=15)) is None
    assert not Call.objects.filter(kind="Release").exists()


def test_a_renewal_that_the_seller_did_and_nobody_told_yet_is_not_released() -> None:
    """The call has ended; what follows from it stands in the queue behind the timer of the retention."""
    subscription = held()
    payload = {"subscription": subscription.pk}
    expiry.end_of_period(payload, END)
    end(Call.objects.get())
    renewal = by_hand.renew(subscription, actor=BY, now=END)
    Call.objects.filter(pk=renewal.pk).update(state=State.ENDED, outcome=Call.Outcome.DONE, ended_at=END)
    retention = END + timedelta(days=15)
    assert expiry.end_of_retention(payload, retention) == retention + timedelta(minutes=10)
    assert not Call.objects.filter(kind="Release").exists()
    end(renewal)
    assert again(subscription).expires_at == datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def test_a_renewal_that_failed_for_good_does_not_put_the_release_off() -> None:
    subscription = held()
    payload = {"subscription": subscription.pk}
    expiry.end_of_period(payload, END)
    end(Call.objects.get())
    end(by_hand.renew(subscription, actor=BY, now=END), outcome=Call.Outcome.GAVE_UP)
    assert expiry.end_of_retention(payload, END + timedelta(days=15)) is None
    assert Call.objects.filter(kind="Release").count() == 1


def test_what_is_sold_once_has_no_end() -> None:
    subscription = held(once=True)
    expiry.on_order_completed(OrderCompleted(order=subscription.order_line_number.rpartition("-")[0]), NOW)
    assert not Job.objects.filter(kind__startswith="subscriptions.").exists()
