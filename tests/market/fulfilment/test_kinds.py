"""Each kind of operation as values: its refusals, its calls in order, and its results."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.factories import NOW
from tests.market.fulfilment.cases import END, LINE, ORDER, RELEASE, UNTIL, case, last_exchange, line, subscription_view
from tradepost.market.base.stored import dump, load
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.contract import (
    Case,
    Effects,
    FailedCall,
    Freeze,
    NoParameters,
    Opened,
    OrderEnd,
    Orphan,
    PaidChange,
    PaidPeriod,
    ProtocolCommand,
    Release,
    SubscriptionView,
    Thaw,
)
from tradepost.market.fulfilment.kinds.cancel_renewal import Cancellation
from tradepost.market.fulfilment.kinds.check_change import Target
from tradepost.market.fulfilment.kinds.freeze import Freezing
from tradepost.market.fulfilment.kinds.license import Application
from tradepost.market.fulfilment.kinds.open import Opening
from tradepost.market.fulfilment.kinds.renew import Renewal
from tradepost.market.fulfilment.kinds.renew_change import ChangedRenewal
from tradepost.market.fulfilment.kinds.replace_system import Replacement
from tradepost.market.fulfilment.kinds.tell_end import TellEnd
from tradepost.market.fulfilment.kinds.upgrade import Change
from tradepost.market.fulfilment.registry import operation_kind, operation_kinds
from tradepost.market.licenses.request import Answer
from tradepost.protocols.commands import (
    AppInfo,
    Buyer,
    CheckChange,
    Command,
    Create,
    Done,
    GetLicenseAsync,
    InstanceInfo,
    Query,
    Refresh,
    Scene,
    Upgrade,
)

BUYER = Buyer(customer_id="c1", customer_name="蓝天")
APP = AppInfo(front_end_url="https://app.example/")
WITH_ACCESS = Done(instance_id="i-1", instances=(InstanceInfo(instance_id="i-1", app=APP),))
RENEWAL = Renewal(since=END, until=UNTIL)
CHANGED = ChangedRenewal(since=END, until=UNTIL)
TARGET = Target(product_id="OFFI2", sku_code="SKU2", product_name="Docs", quantity=5, linear_value=5, lasts_minutes=30)
APPLICATION = Application(request=7, event_id="e-1", fingerprint="MAC-1", effective_at=NOW, expires_at=END)
INTENTS: dict[str, object] = {
    "open": Opening(buyer=BUYER), "renew": RENEWAL, "renew_change": CHANGED, "convert": RENEWAL,
    "check_change": TARGET, "cancel_renewal": Cancellation(until=END), "upgrade": Change(until=END),
    "freeze": Freezing(reason="expired"), "unfreeze": NoParameters(), "release": NoParameters(), "hand_over": NoParameters(),
    "release_orphan": Orphan(instance_id="b-1", order_id=ORDER, order_line_id=LINE), "query_usage": NoParameters(), "issue": NoParameters(),
    "license": APPLICATION, "take_access": NoParameters(), "stop_server": NoParameters(), "start_server": NoParameters(),
    "replace_system": Replacement(image="ubuntu-24.04"), "tell_end": TellEnd(until=END, scene=Scene.RENEWAL, order_id=ORDER, order_line_id=LINE),
}  # fmt: skip


def failed(
    command: Command | None = None, *, acted: bool = False, keeps: bool = False, orphans: tuple[str, ...] = ()
) -> FailedCall:
    command = command or Query(instance_ids=("i-1",))
    return FailedCall(command=command, verdict="timeout", maybe_acted=acted, keeps_order=keeps, orphans=orphans)


def command_for(kind: str, of: Case[Any]) -> Any:
    return intent.command if isinstance(intent := operation_kind(kind).ask(of), ProtocolCommand) else intent


def test_every_kind_is_covered_here() -> None:
    assert set(operation_kinds()) == set(INTENTS)


@pytest.mark.parametrize("name", INTENTS)
def test_intent_is_stored_and_read_again(name: str) -> None:
    kind = operation_kind(name)
    assert isinstance(INTENTS[name], kind.wanted)
    assert load(kind.wanted, dump(INTENTS[name])) == INTENTS[name]
    assert str(kind.title)


@pytest.mark.parametrize(("name", "refundable", "prolongs", "ends"), [
    ("open", True, False, False),  # saas-v2 §3.10: full refund
    ("renew", False, True, False),  # saas-v2 §3.10: stops, manual restart
    ("renew_change", False, True, False), ("convert", False, True, False),
    ("check_change", True, False, False),
    ("upgrade", True, False, False),  # business-rules §4.6
    ("cancel_renewal", False, False, False), ("freeze", False, False, False), ("unfreeze", False, False, False),
    ("release", False, False, True), ("release_orphan", False, False, False), ("query_usage", True, False, False),
    ("license", True, False, False), ("hand_over", True, False, False), ("replace_system", False, False, True),
    ("issue", True, False, False),  # business-rules §2.10: nothing is used, everything is refunded
])  # fmt: skip
def test_failed_kind_is_refunded_or_kept(name: str, refundable: bool, prolongs: bool, ends: bool) -> None:
    kind = operation_kind(name)
    assert (kind.refundable, kind.prolongs, kind.ends) == (refundable, prolongs, ends)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["renew", "renew_change"])
@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NOW, None),
        (RELEASE - timedelta(microseconds=1), None),
        (RELEASE, "renewal.too_late"),
    ],
)
def test_renewal_begins_until_the_retention_ends(name: str, now: datetime, code: str | None) -> None:
    """business-rules §4.4: half-open."""
    refused = operation_kind(name).refuses(case(RENEWAL, held=subscription_view(), line=line(), now=now))
    assert (refused.code if refused else None) == code


@pytest.mark.parametrize("name", ["renew", "renew_change"])
def test_renewal_needs_an_end_in_the_future(name: str) -> None:
    """business-rules §4.5: one-time and on-demand not renewable."""
    refused = operation_kind(name).refuses(case(RENEWAL, held=subscription_view(renewable_until=None), line=line()))
    assert refused is not None
    assert refused.code == "renewal.too_late"


@pytest.mark.parametrize(
    ("spoken", "code"), [("saas_v2", None), ("license_v1", None), ("order_notice", "order.no_plan")]
)
def test_opening_needs_a_creation_in_the_protocol(spoken: str, code: str | None) -> None:
    opening = case(Opening(buyer=BUYER), held=subscription_view(spoken), line=line("NEW"))
    refused = operation_kind("open").refuses(opening)
    assert (refused.code if refused else None) == code


def test_license_is_applied_for_once_and_confirmed_or_not() -> None:
    """saas-v1-license §B3: 000000 does not carry the license; it comes by the upload API."""
    of = case(APPLICATION, held=subscription_view())
    asked_once = ProtocolCommand(
        command=GetLicenseAsync(
            instance_id="i-1", event_id="e-1", effective_at=NOW, expires_at=END, device_fingerprint="MAC-1"
        ),
        once=True,
    )
    assert operation_kind("license").ask(of) == asked_once
    assert operation_kind("license").on_done(of) == Effects(license=Answer(request=7))
    refused = operation_kind("license").on_gave_up(of, failed())
    assert refused == Effects(license=Answer(request=7, verdict="timeout"))


@pytest.mark.parametrize("name", sorted(INTENTS.keys() - {"open", "renew", "renew_change", "convert", "upgrade"}))
def test_every_other_kind_can_begin(name: str) -> None:
    later = END + timedelta(days=400)
    assert (
        operation_kind(name).refuses(case(INTENTS[name], held=subscription_view(), line=line("CHANGE"), now=later))
        is None
    )


# --- open ------------------------------------------------------------------------------------------------------------


def opening(spoken: str = "saas_v2", **fields: Any) -> Case[Opening]:
    nothing_yet = subscription_view(spoken, instance_id="", started_at=None, expires_at=None, renewable_until=None)
    return case(Opening(buyer=BUYER), held=nothing_yet, line=line("NEW"), **fields)


def test_opening_sends_everything_that_was_bought() -> None:
    """saas-v2 §3.1; saas-v1-license A2.1: the older protocols carry it in the call, with its dates."""
    create = command_for("open", opening())
    assert isinstance(create, Create)
    assert (create.order_id, create.order_line_id, create.business_id, create.buyer) == (ORDER, LINE, "", BUYER)
    assert create.purchase is not None
    assert (create.purchase.started_at, create.purchase.expires_at) == (NOW, END)


@pytest.mark.parametrize(
    ("spoken", "answer", "following"),
    [
        ("saas_v2", Done(instance_id="i-1"), Query),  # saas-v2 §3.2: access data by queryInstance
        ("saas_v2", WITH_ACCESS, None),
        ("saas_v1", Done(instance_id="i-1"), Create),  # saas-v1-license A2.1: newInstance is repeated
        ("saas_v1", WITH_ACCESS, None),
        ("license_v1", Done(instance_id="i-1", license="L"), None),  # saas-v1-license B1
    ],
)
def test_access_data_is_requested_after_the_creation_when_missing(
    spoken: str, answer: Done, following: type[Command] | None
) -> None:
    create = command_for("open", opening(spoken))
    going_on = opening(spoken, said=last_exchange(create, answer))
    going_on = replace(going_on, held=replace(going_on.held, instance_id="i-1"))
    intent = operation_kind("open").ask(going_on)
    if following is None:
        assert intent is None
        return
    assert isinstance(intent, ProtocolCommand)
    assert (type(intent.command), intent.step, intent.until_access) == (following, 1, True)
    if following is Create:
        assert intent.command == create, "the same command, as sellers must expect (saas-v1-license A2.2)"


@pytest.mark.parametrize(("spoken", "asked_for"), [("saas_v2", True), ("saas_v1", False)])
def test_access_sent_by_message_is_requested_once_and_not_awaited(spoken: str, asked_for: bool) -> None:
    """saas-v2 §3.2: a query may return nothing, but it is sent; saas-v1-license A2.2."""
    going_on = opening(spoken, said=last_exchange(command_for("open", opening(spoken)), Done(instance_id="i-1")))
    going_on = replace(going_on, held=replace(going_on.held, instance_id="i-1", access_by_message=True))
    intent = operation_kind("open").ask(going_on)
    assert (intent is not None) == asked_for
    assert not asked_for or (isinstance(intent, ProtocolCommand) and not intent.until_access)


def test_paid_time_begins_with_the_access_data() -> None:
    """business-rules §4.2, §8.2."""
    later = NOW + timedelta(hours=2)
    end = END + timedelta(hours=2)
    opened_case = opening(said=last_exchange(command_for("open", opening()), WITH_ACCESS), now=later)
    assert operation_kind("open").on_done(opened_case) == Effects(
        opened=Opened(access=APP, license=""), expires_at=end, paid=PaidPeriod(starts_at=later, ends_at=end),
        order=OrderEnd.COMPLETE,
    )  # fmt: skip


def test_one_time_purchase_has_no_end() -> None:
    one_time_line = replace(line("NEW"), period_type="", period_number=0)
    opened_case = replace(
        opening(said=last_exchange(command_for("open", opening()), Done(license="L", instance_id="i"))),
        line=one_time_line,
    )
    assert operation_kind("open").on_done(opened_case) == Effects(
        opened=Opened(access=None, license="L"), order=OrderEnd.COMPLETE
    )


@pytest.mark.parametrize(
    ("instance", "orphans", "released"),
    [("", "", ""), ("", "b-1", "b-1"), ("", "b-1 b-2", "b-1 b-2"), ("i-1", "", "i-1"), ("i-1", "b-1", "i-1")],
)
def test_instances_left_by_an_opening_are_released(instance: str, orphans: str, released: str) -> None:
    """saas-v2 §3.10, §3.1: nobody knows which of the unanswered requests arrived first."""
    failed_case = replace(opening(), held=subscription_view(instance_id=instance))
    effects = operation_kind("open").on_gave_up(failed_case, failed(orphans=tuple(orphans.split())))
    expected_orphans = tuple(Orphan(instance_id=part, order_id=ORDER, order_line_id=LINE) for part in released.split())
    assert effects == Effects(failed=True, orphans=expected_orphans)


# --- renewals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("product_id", "sent"), [("OFFI1", ""), ("OFFI2", "OFFI2")])
def test_renewal_sends_the_absolute_end_and_a_changed_product(product_id: str, sent: str) -> None:
    """saas-v2 §3.3: productId only when the renewal changes it."""
    ordered = line(product_id=product_id)
    assert command_for("renew", case(RENEWAL, held=subscription_view(), line=ordered)) == Refresh(
        instance_id="i-1", scene=Scene.RENEWAL, order_id=ORDER, order_line_id=LINE, expires_at=UNTIL, product_id=sent,
        purchase=ordered.bought(expires_at=UNTIL),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spoken", "mode", "state"),
    [("saas_v2", "PERIOD", ""), ("saas_v1", "PERIOD", "active"), ("license_v1", "PERIOD", "active"),
     ("license_online", "PERIOD", ""), ("saas_v1", "ON_DEMAND_PKG", "")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["renew", "renew_change", "convert"])
def test_completed_renewal_sets_the_end_that_was_sent(name: str, spoken: str, mode: str, state: str) -> None:
    """saas-v1-license A2.4, B1: there the refresh ends a freeze. operations.md §8: an end is computed only once."""
    much_later = case(RENEWAL, held=subscription_view(spoken, mode), line=line(), now=END + timedelta(days=300))
    assert operation_kind(name).on_done(much_later) == Effects(
        expires_at=UNTIL, paid=PaidPeriod(starts_at=END, ends_at=UNTIL), changed=True, seller_state=state,
        order=OrderEnd.COMPLETE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spoken", "acted", "state"),
    [("saas_v2", True, ""), ("saas_v1", True, "unknown"), ("saas_v1", False, ""), ("license_v1", True, "unknown")],
)
@pytest.mark.parametrize("name", ["renew", "renew_change", "convert"])
def test_lost_renewal_may_have_thawed_the_service(name: str, spoken: str, acted: bool, state: str) -> None:
    """saas-v1-license A2.4."""
    of = case(RENEWAL, held=subscription_view(spoken), line=line())
    effects = operation_kind(name).on_gave_up(of, failed(command_for("renew", of), acted=acted))
    assert effects == Effects(seller_state=state)


def test_change_at_renewal_is_checked_first() -> None:
    """saas-v2 §3.7: changeInstanceCheck, then refreshInstance; a refusal blocks it, and the order is refunded."""
    kind, of = operation_kind("renew_change"), case(CHANGED, held=subscription_view(), line=line(product_id="OFFI2"))
    check = command_for("renew_change", of)
    assert check == CheckChange(
        instance_id="i-1", product_id="OFFI2", sku_code="SKU1", product_name="Docs", linear_value=2
    )
    second = kind.ask(replace(of, said=last_exchange(check)))
    assert isinstance(second, ProtocolCommand)
    assert isinstance(second.command, Refresh)
    assert (second.command.scene, second.command.product_id, second.step) == (Scene.RENEWAL_CHANGE, "OFFI2", 1)
    assert kind.ask(replace(of, step=1, said=last_exchange(second.command))) is None
    assert kind.on_gave_up(of, failed(check, acted=True)) == Effects(order=OrderEnd.GIVE_UP)


def test_change_without_a_quantity_sends_none() -> None:
    single = replace(line(), linear=False)
    check = command_for("renew_change", case(CHANGED, held=subscription_view(), line=single))
    assert check.linear_value is None


def test_renewal_is_cancelled_by_an_earlier_end() -> None:
    """saas-v2 §3.3, UNSUBSCRIBE_RENEWAL_PERIOD."""
    kind, ordered = operation_kind("cancel_renewal"), line("UNSUBSCRIBE")
    of = case(Cancellation(until=END), held=subscription_view(expires_at=UNTIL), line=ordered)
    assert command_for("cancel_renewal", of) == Refresh(
        instance_id="i-1", scene=Scene.UNSUBSCRIBE_RENEWAL_PERIOD, order_id=ORDER, order_line_id=LINE, expires_at=END,
        purchase=ordered.bought(expires_at=END),
    )  # fmt: skip
    assert kind.on_done(of) == Effects(expires_at=END, cancels_period=True, order=OrderEnd.COMPLETE)
    assert kind.on_gave_up(of, failed(acted=True)) == Effects()


def test_upgrade_keeps_the_end() -> None:
    """saas-v2 §3.6, §8.1."""
    kind, ordered = operation_kind("upgrade"), line("CHANGE", product_id="OFFI2")
    of = case(Change(until=END), held=subscription_view(), line=ordered)
    assert command_for("upgrade", of) == Upgrade(
        instance_id="i-1", order_id=ORDER, order_line_id=LINE, purchase=ordered.bought(expires_at=END)
    )
    assert kind.on_done(of) == Effects(changed=True, order=OrderEnd.COMPLETE)
    assert kind.on_gave_up(of, failed(acted=True)) == Effects()


@pytest.mark.parametrize(
    ("now", "held_now", "code"),
    [
        (NOW, subscription_view(), ""),
        (NOW, subscription_view(frozen=True), "change.frozen"),
        (NOW, subscription_view(expires_at=UNTIL), "change.moved"),
        (END, subscription_view(), "change.moved"),
    ],
)
def test_change_applies_only_to_the_state_it_was_priced_for(
    now: datetime, held_now: SubscriptionView, code: str
) -> None:
    """business-rules §4.6: "resource effective, provisioned, no pending order"; otherwise the order is refunded."""
    refused = operation_kind("upgrade").refuses(case(Change(until=END), held=held_now, line=line("CHANGE"), now=now))
    assert (refused.code if refused else "") == code


def test_change_fee_is_booked_in_parts() -> None:
    part = PaidChange(starts_at=NOW, ends_at=END, begins_at=NOW, paid_minor=6193)
    of = case(Change(until=END, parts=(part,)), held=subscription_view(), line=line("CHANGE"))
    assert operation_kind("upgrade").on_done(of) == Effects(changed=True, paid_changes=(part,), order=OrderEnd.COMPLETE)


# --- freezes, releases, queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "intent", "state"), [
    ("freeze", Freeze(reason="expired"), "frozen"), ("unfreeze", Thaw(), "active"),
])  # fmt: skip
def test_seller_state_follows_its_answer(name: str, intent: object, state: str) -> None:
    """saas-v2 §3.4. Without an answer the state is unknown."""
    kind, of = operation_kind(name), case(INTENTS[name], held=subscription_view())
    assert command_for(name, of) == intent
    assert kind.on_done(of) == Effects(seller_state=state)
    assert kind.on_gave_up(of, failed(acted=True)) == Effects(seller_state="unknown")
    assert kind.on_gave_up(of, failed(acted=False)) == Effects()


def test_release_names_the_instance_to_delete() -> None:
    """saas-v2 §3.5: an order only where one caused the release."""
    assert command_for("release", case(NoParameters(), held=subscription_view())) == Release(instance_id="i-1")
    assert operation_kind("release").on_done(case(NoParameters(), held=subscription_view())) == Effects(released=True)
    orphan = case(INTENTS["release_orphan"], held=subscription_view(instance_id=""))
    assert command_for("release_orphan", orphan) == Release(instance_id="b-1", order_id=ORDER, order_line_id=LINE)
    assert operation_kind("release_orphan").on_done(orphan) == Effects()


def test_usage_is_queried_once() -> None:
    """saas-v2 §3.2."""
    of = case(NoParameters(), held=subscription_view(mode="ON_DEMAND"))
    assert operation_kind("query_usage").ask(of) == ProtocolCommand(command=Query(instance_ids=("i-1",)), once=True)
    assert operation_kind("query_usage").on_done(of) == Effects()


@pytest.mark.parametrize("name", sorted(INTENTS.keys() - {"open", "renew_change", "hand_over"}))
def test_single_call_kinds_end_with_their_call(name: str) -> None:
    of = case(INTENTS[name], held=subscription_view(), line=line(), said=last_exchange(Query(instance_ids=("i-1",))))
    assert operation_kind(name).ask(of) is None
