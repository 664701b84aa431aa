"""Operations of one service at the same time: freezes, renewals and releases that meet, fail and restart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import NOW
from tests.market.engine import LOST, REFUSED_CONNECTION, answer, react
from tests.market.fulfilment.services import (
    BY,
    END,
    FREEZE,
    NEXT_END,
    NEXT_FREEZE,
    NEXT_RELEASE,
    RELEASE,
    again,
    begun,
    command,
    done,
    failed,
    open_call,
    order_status,
    passes,
    progress_of,
    renewed,
    service,
    told,
    tried,
)
from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operate import settle
from tradepost.market.fulfilment.restart import may_restart, may_restart_call, restart
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.production.addresses import bind
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Address, Binding, Call
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.commands import CallResult, Expire, InstanceStatus, Refresh, SetStatus

pytestmark = pytest.mark.django_db
LATER = END + timedelta(days=2)


def latest(kind: str) -> Operation:
    return Operation.objects.select_related("call").filter(kind=kind).latest("pk")


def state(subscription: Subscription) -> tuple[str, str]:
    current = again(subscription)
    return current.status, current.seller_state


def expired_service(spoken: str = "saas_v2") -> Subscription:
    """A service whose paid time is over; its freeze is being called."""
    subscription = service(spoken)
    passes(FREEZE)
    return subscription


# --- a freeze and a renewal --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_end_of_the_paid_time_closes_access_even_if_the_seller_fails(spoken: str) -> None:
    """business-rules §4.4: the market closes access itself. The failed call stays until a restart (saas-v2 §3.10)."""
    subscription = expired_service(spoken)
    assert state(subscription) == ("frozen", "active")
    assert told("service_expired_renewable") == 1
    failed(open_call(), REFUSED_CONNECTION, now=END)
    freeze = latest("freeze")
    assert (freeze.status, freeze.note, may_restart(freeze)) == ("stopped", "connect", True)
    passes(LATER)
    assert Operation.objects.filter(kind="freeze").count() == 1, "it is not called repeatedly"
    restart(freeze, actor=BY, now=LATER)
    done(open_call(), now=LATER)
    assert state(subscription) == ("frozen", "frozen")
    assert latest("freeze").status == "done"


def test_unsent_freeze_is_dropped_by_a_renewal() -> None:
    """operations.md §4."""
    subscription = expired_service()
    freeze = open_call()
    renewed(subscription, now=END)
    freeze.refresh_from_db()
    assert freeze.outcome == Call.Outcome.CANCELLED
    assert latest("freeze").status == "dropped"
    assert not may_restart_call(freeze), "an outdated freeze must not run"
    assert isinstance(command(open_call()), Refresh)
    assert state(subscription) == ("frozen", "active"), "access stays closed until the renewal is done"
    done(open_call(), now=FREEZE)
    assert state(subscription) == ("active", "active")
    assert not Call.objects.filter(outcome="").exists(), "the seller has nothing to thaw"


@pytest.mark.parametrize("outcome", [None, LOST])
def test_renewal_waits_for_a_running_freeze_and_thaws_it(outcome: CallResult | None) -> None:
    """Otherwise the freeze could be the last act of the seller on a service that is paid for (saas-v2 §3.4)."""
    subscription = expired_service()
    freeze = answer(open_call(), LOST, now=END)
    order = renewed(subscription, now=END)
    assert open_call().pk == freeze.pk, "one attempt was made, so the seller may still act on it"
    [line] = progress_of(order).lines
    assert (line.queued, line.asked) == (True, [])
    passes(RELEASE)
    assert open_call().pk == freeze.pk, "no release in the meantime"

    answer(freeze, outcome, now=LATER, last=True)
    react(now=LATER)
    assert isinstance(command(open_call()), Refresh)
    done(open_call(), now=LATER)
    assert command(open_call()) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.UNFREEZE)
    done(open_call(), now=LATER)
    assert state(subscription) == ("active", "active")
    assert again(subscription).expires_at == NEXT_END
    assert latest("freeze").status == ("dropped" if outcome else "done")


def test_stopped_freeze_is_dropped_after_a_renewal() -> None:
    """operations.md §4: no reason is in force; the seller is thawed where it may have acted."""
    subscription = expired_service()
    failed(open_call(), LOST, now=END)
    assert state(subscription) == ("frozen", "unknown")
    order = renewed(subscription, now=LATER)
    done(open_call(), now=LATER)
    assert latest("freeze").status == "dropped"
    assert command(open_call()) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.UNFREEZE)
    done(open_call(), now=LATER)
    assert (state(subscription), order_status(order)) == (("active", "active"), "completed")


def test_saas_1_late_expiry_is_thawed_by_the_renewal() -> None:
    """saas-v1-license A2.4: only the refresh itself ends the freeze."""
    subscription = expired_service("saas_v1")
    freeze = answer(open_call(), LOST, now=END)
    assert isinstance(command(freeze), Expire)
    renewed(subscription, now=END)
    done(freeze, now=END)
    done(open_call(), now=FREEZE)
    assert state(subscription) == ("active", "active")
    assert not Call.objects.filter(outcome="").exists()


def test_saas_1_lost_renewal_leaves_the_state_unknown_until_the_next() -> None:
    """saas-v1-license A2.4: a refresh may have thawed it, so the freeze is called again."""
    subscription = expired_service("saas_v1")
    done(open_call(), now=FREEZE)
    order = renewed(subscription, now=LATER)
    failed(open_call(), LOST, now=LATER)
    assert state(subscription) == ("frozen", "unknown")
    assert isinstance(command(open_call()), Expire)
    done(open_call(), now=LATER)
    assert state(subscription) == ("frozen", "frozen")
    restart(Operation.objects.get(line__order=order), actor=BY, now=LATER)
    done(open_call(), now=LATER)
    assert state(subscription) == ("active", "active")


def test_stopped_unfreeze_waits_for_a_restart_or_a_new_freeze() -> None:
    """saas-v2 §3.10."""
    subscription = service()
    tried(subscription, Act.FREEZE)
    done(open_call())
    begun(subscription, Act.UNFREEZE)
    failed(open_call(), REFUSED_CONNECTION)
    thaw = latest("unfreeze")
    assert (thaw.status, state(subscription)) == ("stopped", ("active", "frozen"))
    assert may_restart(thaw)
    begun(subscription, Act.FREEZE)
    assert latest("unfreeze").status == "dropped"
    assert not Call.objects.filter(outcome="").exists(), "the seller has frozen it already"
    assert state(subscription) == ("frozen", "frozen")


def test_repeated_end_event_changes_nothing_later() -> None:
    """Events are delivered at least once, and may be late."""
    subscription = service()
    tried(subscription, Act.FREEZE)
    frozen = open_call()
    done(frozen)
    begun(subscription, Act.UNFREEZE)
    done(open_call())
    outbox.publish(CallEnded(call=frozen.pk, kind=frozen.kind, outcome="done"), now=NOW)
    react(now=NOW)
    assert state(subscription) == ("active", "active")


# --- reasons ---------------------------------------------------------------------------------------------------------


def test_two_reasons_are_lifted_separately() -> None:
    """operations.md §2: frozen is wanted if and only if a reason stands; §7: no renewal during an operator's freeze."""
    subscription = service()
    tried(subscription, Act.FREEZE)
    done(open_call())
    passes(FREEZE)
    reasons = Freeze.objects.filter(subscription=subscription, lifted_at=None)
    assert set(reasons.values_list("reason", flat=True)) == {"operator", "expired"}
    assert not Call.objects.filter(outcome="").exists(), "the seller has frozen it already"
    assert told("service_expired") == 1, "the buyer learns how long the data is kept; no renewal in the meantime"

    with pytest.raises(Refused, match=r"renewal\.frozen"):
        renewed(subscription, now=LATER)
    begun(subscription, Act.UNFREEZE, now=LATER)
    assert list(reasons.values_list("reason", flat=True)) == ["expired"]
    assert state(subscription) == ("frozen", "frozen")
    assert not Call.objects.filter(outcome="").exists()

    renewed(subscription, now=LATER)
    done(open_call(), now=LATER)
    assert state(subscription) == ("active", "frozen")
    done(open_call(), now=LATER)
    assert state(subscription) == ("active", "active")
    assert (told("service_frozen"), told("service_unfrozen")) == (1, 1)


def test_expiry_remains_when_the_operators_reason_is_lifted_first() -> None:
    subscription = service()
    tried(subscription, Act.FREEZE)
    done(open_call())
    passes(FREEZE)
    begun(subscription, Act.UNFREEZE, now=LATER)
    assert state(subscription) == ("frozen", "frozen")
    assert not Call.objects.filter(outcome="").exists()
    assert (told("service_unfrozen"), Operation.objects.filter(kind="unfreeze").count()) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_release_time_is_never_moved_earlier(spoken: str) -> None:
    """operations.md §2: announced with the freeze, kept until the freeze is lifted; business-rules §4.4."""
    subscription = service(spoken)
    passes(FREEZE)
    assert again(subscription).release_at == RELEASE
    done(open_call(), now=FREEZE)
    renewed(subscription, now=LATER)
    done(open_call(), now=LATER)
    assert again(subscription).release_at is None
    passes(NEXT_FREEZE)
    assert again(subscription).release_at == NEXT_RELEASE


def test_cancelled_renewal_keeps_the_announced_release() -> None:
    """operations.md §2, ``release_at``: the buyer was told how long the data is kept."""
    subscription = service()
    renewed(subscription)
    done(open_call())
    passes(NEXT_FREEZE)
    done(open_call(), now=NEXT_FREEZE)
    announced = again(subscription).release_at
    assert announced == NEXT_RELEASE
    tried(subscription, Act.CANCEL_RENEWAL, now=NEXT_END + timedelta(days=1))
    done(open_call(), now=NEXT_END + timedelta(days=1))
    current = again(subscription)
    assert (current.expires_at, current.release_at) == (END, announced)


# --- a release -------------------------------------------------------------------------------------------------------


def test_requested_release_refunds_a_stopped_renewal() -> None:
    """operations.md §4; saas-v2 §3.3."""
    subscription = service()
    before = ledger.buyer_account(subscription.buyer, "CNY").balance
    order = renewed(subscription)
    failed(open_call())
    tried(subscription, Act.RELEASE)
    assert again(subscription).status == "releasing", "access closes before the seller is called"
    done(open_call())
    assert (again(subscription).status, order_status(order)) == ("released", "refunded")
    assert ledger.buyer_account(subscription.buyer, "CNY").balance == before
    assert ledger.verify().problems == ()


def test_release_refunds_renewals_that_never_begin() -> None:
    """business-rules §4.7: a renewal that is not effective is refunded in full; §8.2: it was not earned."""
    subscription = service()
    before = ledger.buyer_account(subscription.buyer, "CNY").balance
    order = renewed(subscription)
    done(open_call())
    assert ledger.money_in_clearing(order.number) == order.total_minor
    tried(subscription, Act.RELEASE)
    assert ledger.money_in_clearing(order.number) == 0
    assert ledger.buyer_account(subscription.buyer, "CNY").balance == before
    assert ledger.seller_account(subscription.seller, "CNY").balance.minor == order.total_minor, "of the first month"
    done(open_call())
    current = again(subscription)
    assert (current.status, current.expires_at) == ("released", END), "the end of the last period in force"
    passes(NEXT_FREEZE)
    assert ledger.verify().problems == ()


def test_stopped_release_waits_for_a_restart_and_blocks_other_operations() -> None:
    """saas-v2 §3.10: releaseInstance stops after an hour and waits for a restart. Access stays closed."""
    subscription = expired_service()
    done(open_call(), now=FREEZE)
    over = RELEASE
    passes(over)
    failed(open_call(), now=over)
    release = latest("release")
    assert (release.status, again(subscription).status) == ("stopped", "releasing")
    passes(over + timedelta(days=40))
    assert Operation.objects.filter(kind="release").count() == 1
    with pytest.raises(Refused, match=r"renewal\.not_possible"):
        renewed(subscription, now=over)
    restart(release, actor=BY, now=over)
    done(open_call(), now=over)
    assert (again(subscription).status, latest("release").status) == ("released", "done")
    assert told("service_released") == 1


def test_release_without_an_address_stops_and_continues_with_one() -> None:
    """A person adds the address and restarts it. The service has ended all the same."""
    subscription = expired_service()
    done(open_call(), now=FREEZE)
    calls, address = Call.objects.count(), Address.objects.get()
    Binding.objects.all().delete()
    over = RELEASE
    with translation.override("en"):
        passes(over)
    release = latest("release")
    assert (release.status, release.note, release.call) == (
        "stopped", "This product has no production address.", None,
    )  # fmt: skip
    assert again(subscription).status == "releasing", "access is closed"
    restart(release, actor=BY, now=over)
    assert latest("release").status == "stopped", "while there is no address"
    assert Call.objects.count() == calls

    bind(subscription.product, address)
    restart(release, actor=BY, now=over)
    done(open_call(), now=over)
    assert (again(subscription).status, latest("release").status) == ("released", "done")


def test_freeze_without_an_address_stops_and_continues_with_one() -> None:
    """Otherwise the seller would never learn of it: no other operation follows for an expired service."""
    subscription, address = service(), Address.objects.get()
    Binding.objects.all().delete()
    with translation.override("en"):
        passes(FREEZE)
    freeze = latest("freeze")
    assert (freeze.status, freeze.note, state(subscription)) == (
        "stopped", "This product has no production address.", ("frozen", "active"),
    )  # fmt: skip
    passes(END + timedelta(days=1))
    assert Operation.objects.filter(kind="freeze").count() == 1
    bind(subscription.product, address)
    restart(freeze, actor=BY, now=LATER)
    done(open_call(), now=LATER)
    assert state(subscription) == ("frozen", "frozen")


def test_freeze_without_a_protocol_activity_is_not_sent() -> None:
    """saas-v1-license A2.4: an expiry tells only the end of the paid time, and is sent when that comes."""
    subscription, address = service("saas_v1"), Address.objects.get()
    Binding.objects.all().delete()
    [locked] = locked_subscriptions([subscription.pk])
    add_reason([locked], Freeze.Reason.OPERATOR, actor=BY, now=NOW)
    settle([locked], now=NOW)
    assert latest("freeze").status == "stopped"
    bind(subscription.product, address)
    restart(latest("freeze"), actor=BY, now=NOW)
    assert (latest("freeze").status, state(subscription)) == ("done", ("frozen", "active"))
    passes(FREEZE)
    assert isinstance(command(open_call()), Expire)
    done(open_call(), now=FREEZE)
    assert state(subscription) == ("frozen", "frozen")


def test_restarted_operation_waits_for_its_turn() -> None:
    """operations.md §2: a stopped operation frees its place; restarted, it queues behind the running one."""
    subscription = service()
    first = renewed(subscription)
    failed(open_call())
    tried(subscription, Act.FREEZE)
    freeze = open_call()
    stopped = Operation.objects.get(line__order=first)
    again_queued = restart(stopped, actor=BY, now=NOW)
    assert (again_queued.status, open_call().pk) == ("queued", freeze.pk)
    assert restart(stopped, actor=BY, now=NOW).status == "queued", "pressed twice, restarted once"
    done(freeze)
    assert isinstance(command(open_call()), Refresh)
    done(open_call())
    assert order_status(first) == "completed"
    assert Order.objects.filter(order_type="RENEW").count() == 1
