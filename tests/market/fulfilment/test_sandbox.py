"""Acts of the try-out page: the calls that the protocol has, and their effects on the service."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.factories import NOW
from tests.market.engine import answer, react
from tests.market.fulfilment.services import (
    BY,
    END,
    FREEZE,
    NEXT_END,
    NEXT_FREEZE,
    acts,
    again,
    command,
    done,
    failed,
    offers,
    open_call,
    ordered,
    passes,
    renewed,
    service,
    tried,
)
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import advance, sandbox
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.sandbox import SandboxAct, Target, start_act
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.notifications.models import Notice
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.commands import (
    CheckChange,
    Expire,
    InstanceStatus,
    Refresh,
    Rejected,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.registry import protocol

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("spoken", "once", "expected"),
    [
        ("saas_v2", False, {Act.RENEW, Act.FREEZE, Act.UPGRADE, Act.RENEW_CHANGED, Act.RELEASE}),
        ("saas_v2", True, {Act.FREEZE, Act.RELEASE}),
        ("saas_v1", False, {Act.RENEW, Act.FREEZE, Act.UPGRADE, Act.RELEASE}),
        ("saas_v1", True, {Act.RELEASE}),
        ("license_v1", False, {Act.RENEW, Act.FREEZE, Act.RELEASE}),
        ("license_online", False, {Act.RENEW, Act.FREEZE, Act.RELEASE}),
    ],
)
def test_acts_follow_the_protocol(spoken: str, once: bool, expected: set[Act]) -> None:
    """saas-v2 §1.4, saas-v1-license A2: renewals and upgrades are for periods; only SaaS 2.0 has changes at renewal."""
    assert acts(service(spoken, once=once)) == expected


def test_renewal_is_an_order_and_moves_the_end() -> None:
    """saas-v2 §3.3: a new order id and the absolute expiry; productId only when the renewal changes it."""
    subscription = service()
    money, notices = Transfer.objects.count(), Notice.objects.count()
    operation = tried(subscription, Act.RENEW)
    assert operation.call is not None
    sent_command = command(operation.call)
    order = Order.objects.get(order_type=Order.Type.RENEW)
    assert isinstance(sent_command, Refresh)
    assert (sent_command.scene, sent_command.expires_at, sent_command.product_id) == (Scene.RENEWAL, NEXT_END, "")
    assert (sent_command.order_id, sent_command.order_line_id) == (order.number, f"{order.number}-000001")
    assert (order.status, order.origin, order.total_minor) == ("processing", "sandbox", 0)
    seller_order = order_of_seller(order.number, subscription.seller_id)
    assert seller_order is not None
    assert (seller_order.order_type, seller_order.lines[0].period_number, seller_order.lines[0].expires_at) == (
        "RENEW",
        1,
        NEXT_END,
    )
    assert again(subscription).expires_at == END, "unchanged until the seller did it"
    done(operation.call)
    assert again(subscription).expires_at == NEXT_END
    assert Order.objects.get(pk=order.pk).status == "completed"
    told_later = order_of_seller(order.number, subscription.seller_id)
    assert told_later is not None
    assert told_later.lines[0].expires_at == NEXT_END
    assert (Transfer.objects.count(), Notice.objects.count()) == (money, notices), (
        "it costs nothing and sends no notice"
    )
    assert ledger.verify().problems == ()


def test_cancelled_renewal_restores_the_earlier_end() -> None:
    """saas-v2 §3.3: the new expireTime is earlier than the current one; the order is that of the unsubscription (§10,
    19)."""
    subscription = service()
    for _ in range(2):
        tried(subscription, Act.RENEW)
        done(open_call())
    tried(subscription, Act.CANCEL_RENEWAL)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert (sent_command.scene, sent_command.expires_at) == (Scene.UNSUBSCRIBE_RENEWAL_PERIOD, NEXT_END)
    assert Order.objects.get(number=sent_command.order_id).order_type == Order.Type.UNSUBSCRIBE
    done(open_call())
    assert again(subscription).expires_at == NEXT_END
    tried(subscription, Act.CANCEL_RENEWAL)
    done(open_call())
    assert again(subscription).expires_at == END
    assert Period.objects.filter(subscription=subscription, cancelled_at=None).get().ends_at == END
    assert Act.CANCEL_RENEWAL not in acts(subscription)


def test_paid_renewal_can_be_cancelled() -> None:
    """saas-v2 §3.3: the end before it. business-rules §4.7: not effective yet, so the buyer is refunded."""
    subscription = service()
    before = ledger.buyer_account(subscription.buyer, "CNY").balance
    order = renewed(subscription)
    done(open_call())
    assert Act.CANCEL_RENEWAL in acts(subscription)
    tried(subscription, Act.CANCEL_RENEWAL)
    assert ledger.money_in_clearing(order.number) == order.total_minor, "in force until the seller did it"
    done(open_call())
    assert again(subscription).expires_at == END
    assert ledger.money_in_clearing(order.number) == 0
    assert ledger.buyer_account(subscription.buyer, "CNY").balance == before
    passes(NEXT_FREEZE)
    assert ledger.verify().problems == ()


def test_cancelling_a_begun_renewal_moves_no_money() -> None:
    """business-rules §8.2: the seller has earned it; a try-out moves no money."""
    subscription = service()
    order = renewed(subscription)
    done(open_call())
    passes(FREEZE)
    seller_balance = ledger.seller_account(subscription.seller, "CNY").balance
    tried(subscription, Act.CANCEL_RENEWAL, now=END)
    done(open_call(), now=FREEZE)
    assert again(subscription).expires_at == END
    assert ledger.seller_account(subscription.seller, "CNY").balance == seller_balance
    assert ledger.money_in_clearing(order.number) == 0


def test_saas_1_cancelled_renewal_has_a_negative_amount() -> None:
    """saas-v1-license A2.3: only the sign of orderAmount shows it; a free try-out sends its price."""
    subscription = service("saas_v1")
    tried(subscription, Act.RENEW)
    done(open_call())
    tried(subscription, Act.CANCEL_RENEWAL)
    sent_command = command(open_call())
    encoded = protocol("saas_v1").encode(sent_command, address="http://127.0.0.1:9/x", key="k", now=NOW, nonce="n")
    assert "orderAmount=-100" in encoded.url


@pytest.mark.parametrize("spoken", ["saas_v2", "license_online"])
def test_freeze_closes_access_at_once_and_is_sent_to_the_seller(spoken: str) -> None:
    """saas-v2 §3.4, saas-v1-license B3."""
    subscription = service(spoken)
    tried(subscription, Act.FREEZE)
    assert command(open_call()) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.FREEZE)
    current = again(subscription)
    assert (current.status, current.seller_state) == ("frozen", "active"), (
        "access is closed before the seller is called"
    )
    done(open_call())
    assert again(subscription).seller_state == "frozen"
    assert Act.FREEZE not in acts(subscription)

    tried(subscription, Act.UNFREEZE)
    assert command(open_call()) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.UNFREEZE)
    current = again(subscription)
    assert (current.status, current.seller_state) == ("active", "frozen")
    done(open_call())
    assert again(subscription).seller_state == "active"

    tried(subscription, Act.RELEASE)
    done(open_call())
    notices = Notice.objects.filter(user=subscription.buyer, kind__startswith="service_").order_by("pk")
    assert list(notices.values_list("kind", flat=True)) == ["service_frozen", "service_unfrozen", "service_released"]


def test_saas_1_period_is_frozen_by_its_expiry_and_thawed_by_the_renewal() -> None:
    """saas-v1-license A2.4: expireInstance with the order of the purchase; no call ends the freeze."""
    subscription = service("saas_v1")
    purchase = OrderLine.objects.get(number=subscription.order_line_number).order.number
    tried(subscription, Act.FREEZE)
    assert command(open_call()) == Expire(instance_id=subscription.instance_id, order_id=purchase)
    assert Freeze.objects.get().reason == Freeze.Reason.EXPIRED
    done(open_call())
    assert again(subscription).status == "frozen"
    assert Act.UNFREEZE not in acts(subscription)
    tried(subscription, Act.RENEW)
    done(open_call())
    current = again(subscription)
    assert (current.status, current.seller_state) == ("active", "active")
    tried(subscription, Act.RELEASE)
    assert command(open_call()) == Release(instance_id=subscription.instance_id, order_id=purchase)


def test_saas_2_renewal_keeps_freezes_by_people() -> None:
    """saas-v2 §3.4: UNFREEZE follows a renewal; other freezes remain (operations.md §8)."""
    subscription = service()
    tried(subscription, Act.FREEZE)
    done(open_call())
    tried(subscription, Act.RENEW)
    done(open_call())
    current = again(subscription)
    assert (current.status, current.seller_state, current.expires_at) == ("frozen", "frozen", NEXT_END)
    assert not Operation.objects.filter(status__in=["queued", "running"]).exists()
    tried(subscription, Act.UNFREEZE)
    done(open_call())
    assert again(subscription).status == "active"


def test_upgrade_changes_edition_and_quantity_and_keeps_the_end() -> None:
    """saas-v2 §3.6: instanceId and expiry stay; the seller reads the target from an order of the type CHANGE."""
    subscription = service()
    large = offers(subscription)[2]
    tried(subscription, Act.UPGRADE, Target(large, 7))
    call = open_call()
    assert isinstance(command(call), Upgrade)
    seller_order = order_of_seller(call.order_number, subscription.seller_id)
    assert seller_order is not None
    [line] = seller_order.lines
    assert (seller_order.order_type, line.products[0].product_id, line.products[0].linear_value, line.expires_at) == (
        "CHANGE", large.product_id, 7, END,
    )  # fmt: skip
    done(call)
    current = again(subscription)
    assert (current.offer_id, current.quantity, current.expires_at) == (large.pk, 7, END)


@pytest.mark.parametrize(("offer_index", "quantity", "field"), [(0, 1, "offer"), (1, 2, "offer"), (0, 51, "quantity")])
def test_invalid_upgrade_target_is_refused(offer_index: int, quantity: int, field: str) -> None:
    """saas-v2 §8.1."""
    subscription = service()
    calls = Call.objects.count()
    with pytest.raises(Refused) as refusal:
        tried(subscription, Act.UPGRADE, Target(offers(subscription)[offer_index], quantity))
    assert refusal.value.field == field
    assert Call.objects.count() == calls
    assert not Order.objects.exclude(order_type=Order.Type.NEW).exists()


def test_given_up_upgrade_ends_its_order_and_changes_nothing() -> None:
    """saas-v2 §3.10."""
    subscription = service()
    operation = tried(subscription, Act.UPGRADE, Target(offers(subscription)[2], 7))
    failed(open_call())
    operation.refresh_from_db()
    assert operation.status == Operation.Status.GAVE_UP
    assert Order.objects.get(order_type=Order.Type.CHANGE).status == Order.Status.REFUNDED
    assert again(subscription).quantity == 1
    assert ledger.verify().problems == ()


def test_renewal_with_change_checks_first() -> None:
    """saas-v2 §3.7, §8.1: changeInstanceCheck, then refreshInstance RENEWAL_CHANGE with the new productId."""
    subscription = service()
    yearly = offers(subscription)[3]
    tried(subscription, Act.RENEW_CHANGED, Target(yearly, 2))
    check = open_call()
    assert command(check) == CheckChange(
        instance_id=subscription.instance_id,
        product_id=yearly.product_id,
        sku_code=yearly.sku.code,
        product_name=subscription.product.name,
        linear_value=2,
    )
    done(check)
    sent_command = command(open_call())
    until = datetime(2027, 4, 1, 8, 0, tzinfo=UTC)
    assert isinstance(sent_command, Refresh)
    assert (sent_command.scene, sent_command.expires_at, sent_command.product_id) == (
        Scene.RENEWAL_CHANGE,
        until,
        yearly.product_id,
    )
    done(open_call())
    current = again(subscription)
    assert (current.offer_id, current.quantity, current.expires_at) == (yearly.pk, 2, until)
    assert Act.CANCEL_RENEWAL not in acts(subscription), "its cancellation would keep the other edition"


def test_refused_change_is_not_called() -> None:
    """saas-v2 §3.7: any code other than 000000 blocks the change."""
    subscription = service()
    tried(subscription, Act.RENEW_CHANGED, Target(offers(subscription)[2], 1))
    failed(open_call(), Rejected(code="000100"))
    assert not Call.objects.filter(kind="Refresh").exists()
    assert Order.objects.get(order_type=Order.Type.RENEW).status == Order.Status.REFUNDED


def test_release_ends_the_service() -> None:
    """saas-v2 §3.5: without an order, since no unsubscription caused it. Stopped operations end, too."""
    subscription = service()
    tried(subscription, Act.RENEW)
    failed(open_call())
    with pytest.raises(Refused, match=r"sandbox\.open_change"):
        tried(subscription, Act.RENEW)
    tried(subscription, Act.RELEASE)
    assert command(open_call()) == Release(instance_id=subscription.instance_id)
    current = again(subscription)
    assert (current.status, acts(subscription)) == (Subscription.Status.RELEASING, frozenset()), "access closes first"
    done(open_call())
    assert again(subscription).status == Subscription.Status.RELEASED
    assert acts(subscription) == frozenset()
    assert Order.objects.get(order_type=Order.Type.RENEW).status == Order.Status.REFUNDED


def test_release_cancels_unpaid_orders() -> None:
    subscription = service()
    order = ordered(subscription)
    with pytest.raises(Refused, match=r"sandbox\.unpaid"):
        tried(subscription, Act.RENEW)
    tried(subscription, Act.RELEASE)
    assert Order.objects.get(pk=order.pk).status == "cancelled"


def test_event_of_an_earlier_version_is_handled() -> None:
    """It did not name the operation of its call, and every event may come twice."""
    subscription = service()
    tried(subscription, Act.FREEZE)
    call = answer(open_call(), now=NOW)
    for _ in range(2):
        advance.on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome=call.outcome), NOW)
    assert again(subscription).seller_state == "frozen"
    react(now=NOW)
    assert Operation.objects.get(kind="freeze").status == Operation.Status.DONE


def test_one_act_at_a_time() -> None:
    subscription = service()
    tried(subscription, Act.FREEZE)
    operations = Operation.objects.count()
    with pytest.raises(Refused, match=r"sandbox\.under_way"):
        tried(subscription, Act.RELEASE)
    assert (Operation.objects.count(), again(subscription).status) == (operations, "frozen")


def test_real_market_has_no_try_outs() -> None:
    subscription = service()
    operations = Operation.objects.count()
    assert config().sandbox, "otherwise this test would prove nothing"
    with pytest.raises(Refused, match=r"sandbox\.real_market"):
        start_act(SandboxAct(subscription=subscription, act=Act.FREEZE, actor=BY, now=NOW), sandbox=False)
    assert (Operation.objects.count(), again(subscription).status) == (operations, "active")
    assert set(sandbox._HANDLERS) == set(Act), "every act uses this one function"


def test_unfreeze_under_another_reason_makes_no_call() -> None:
    """operations.md §2: frozen while a reason stands, and this was one of two."""
    subscription = service()
    tried(subscription, Act.FREEZE)
    done(open_call())
    passes(FREEZE)
    assert again(subscription).freezes.filter(lifted_at=None).count() == 2
    before = Call.objects.count()
    trial = SandboxAct(subscription=again(subscription), act=Act.UNFREEZE, actor=BY, now=END)
    assert start_act(trial, sandbox=True) is None
    assert again(subscription).status == Subscription.Status.FROZEN
    assert Call.objects.count() == before
