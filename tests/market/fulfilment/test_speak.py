"""The command for an intent: every protocol × charging mode × intent. Protocols differ only in their ``life``."""

from __future__ import annotations

import pytest

from tests.market.fulfilment.cases import BOUGHT, LINE, ORDER, subscription_view
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.contract import Freeze, ImpliedCommand, Intent, ProtocolCommand, Thaw, Unsupported
from tradepost.market.fulfilment.contract import Release as Releasing
from tradepost.market.fulfilment.speak import can_freeze, can_thaw, command_for
from tradepost.protocols.commands import (
    ChargingMode,
    CheckChange,
    Command,
    Expire,
    InstanceStatus,
    Query,
    Release,
    SetStatus,
)
from tradepost.protocols.registry import protocols

FREEZE = SetStatus(instance_id="i-1", status=InstanceStatus.FREEZE)
UNFREEZE = SetStatus(instance_id="i-1", status=InstanceStatus.UNFREEZE)
EXPIRE = Expire(instance_id="i-1", order_id=BOUGHT)
RELEASE = Release(instance_id="i-1")
RELEASE_PURCHASE = Release(instance_id="i-1", order_id=BOUGHT)
EXPIRED, OPERATOR = Freeze(reason="expired"), Freeze(reason="operator")
IMPLIED, UNABLE = ImpliedCommand(), Unsupported()

type Row = tuple[Command | ImpliedCommand | Unsupported, ...]
BY_STATUS: Row = (FREEZE, FREEZE, UNFREEZE, RELEASE)
NOTHING: Row = (UNABLE, UNABLE, UNABLE, UNABLE)
EVERY_MODE = tuple(ChargingMode)

# expired | operator | thaw | release
TABLE: dict[str, dict[ChargingMode, Row]] = {
    # saas-v2 §3.4: updateInstanceStatus FREEZE, UNFREEZE; §3.5: orderId of an unsubscription only
    "saas_v2": dict.fromkeys(EVERY_MODE, BY_STATUS),
    "saas_v1": {
        # saas-v1-license A2.4: expireInstance with the purchase order, "renewal unfreezes"; A2.5: releaseInstance names it
        ChargingMode.PERIOD: (EXPIRE, UNABLE, IMPLIED, RELEASE_PURCHASE),
        # A2.4: the end of a period; one-time products have none, and A2.7 is for the pay-per-use product
        ChargingMode.ONE_TIME: (UNABLE, UNABLE, UNABLE, RELEASE_PURCHASE),
        # saas-v1-license A2.7: instanceStatus FREEZE, NORMAL, "the one returned for the pay-per-use product"
        ChargingMode.ON_DEMAND: (FREEZE, FREEZE, UNFREEZE, RELEASE_PURCHASE),
        ChargingMode.ON_DEMAND_PKG: (FREEZE, FREEZE, UNFREEZE, RELEASE_PURCHASE),
    },
    # saas-v1-license B1
    "license_v1": dict.fromkeys(EVERY_MODE, (UNABLE, UNABLE, UNABLE, RELEASE_PURCHASE))
    | {ChargingMode.PERIOD: (EXPIRE, UNABLE, IMPLIED, RELEASE_PURCHASE)},
    # saas-v1-license B3: updateInstanceStatus and releaseInstance as in SaaS 2.0
    "license_online": dict.fromkeys(EVERY_MODE, BY_STATUS),
    # saas-v1-license B2.2: updateLicenseCodeStatus, releaseLicenseCode
    "license_code": dict.fromkeys(EVERY_MODE, BY_STATUS),
    # These open no instance, so nothing can be frozen or released.
    "joint_kit_v1": dict.fromkeys(EVERY_MODE, NOTHING),
    "joint_kit_v2": dict.fromkeys(EVERY_MODE, NOTHING),
    "order_notice": dict.fromkeys(EVERY_MODE, NOTHING),
}
INTENTS: tuple[Intent, ...] = (EXPIRED, OPERATOR, Thaw(), Releasing(instance_id="i-1"))


def test_every_protocol_has_rows() -> None:
    assert set(TABLE) == set(protocols())
    assert all(set(rows) == set(EVERY_MODE) for rows in TABLE.values())


@pytest.mark.parametrize(("spoken", "mode"), [(spoken, mode) for spoken, rows in TABLE.items() for mode in rows])
def test_command_follows_the_table(spoken: str, mode: ChargingMode) -> None:
    service = subscription_view(spoken, mode)
    assert tuple(command_for(intent, service) for intent in INTENTS) == TABLE[spoken][mode]


@pytest.mark.parametrize(("spoken", "mode"), [(spoken, mode) for spoken, rows in TABLE.items() for mode in rows])
def test_capabilities_match_the_commands(spoken: str, mode: ChargingMode) -> None:
    service, (expired, operator, thaw, _) = subscription_view(spoken, mode), TABLE[spoken][mode]
    sayable = {reason for reason, word in (("expired", expired), ("operator", operator)) if isinstance(word, Command)}
    for reasons in ({"expired"}, {"operator"}, {"expired", "operator"}, set()):
        assert can_freeze(frozenset(reasons), service) == min(reasons & sayable, default="")
    assert can_thaw(service) == isinstance(thaw, Command)


NAMES_PURCHASE = {"saas_v1", "license_v1"}


@pytest.mark.parametrize("spoken", [name for name, rows in TABLE.items() if rows[ChargingMode.PERIOD] != NOTHING])
def test_release_of_an_order_names_the_order_or_the_purchase(spoken: str) -> None:
    """saas-v2 §3.5; saas-v1-license A2.5: orderId is that of the original purchase."""
    caused = Releasing(instance_id="b-1", order_id=ORDER, order_line_id=LINE)
    order, line = (BOUGHT, "") if spoken in NAMES_PURCHASE else (ORDER, LINE)
    assert command_for(caused, subscription_view(spoken)) == Release(
        instance_id="b-1", order_id=order, order_line_id=line
    )


@pytest.mark.parametrize("spoken", sorted(TABLE))
def test_command_needs_the_activity_in_the_protocol(spoken: str) -> None:
    for command in (
        Query(instance_ids=("i-1",)),
        CheckChange(instance_id="i-1", product_id="", sku_code="", product_name=""),
    ):
        commands = command_for(ProtocolCommand(command=command), subscription_view(spoken))
        assert commands == (command if type(command) in protocols()[spoken].activities else UNABLE)


@pytest.mark.parametrize("spoken", sorted(TABLE))
def test_life_matches_the_activities(spoken: str) -> None:
    """``Life``: modes that are frozen by a status are thawed by it; the others only by a refresh."""
    tested = protocols()[spoken]
    assert {*tested.life.freezes_by.values()} <= set(tested.activities)
    by_expiry = {mode for mode, command in tested.life.freezes_by.items() if command is Expire}
    assert tested.life.refresh_thaws == by_expiry


OPTIONAL = {
    # business-rules §17.4 and saas-v2 §1.4: "updateInstanceStatus: one-time no"; on demand only where it is implemented
    "saas_v2": {ChargingMode.ONE_TIME, ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG},
    "saas_v1": set(),
    # saas-v1-license B3: updateInstanceStatus is for period products
    "license_online": {ChargingMode.ONE_TIME, ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG},
    # B2.2: the seller's interface is optional as a whole
    "license_code": set(EVERY_MODE),
}


@pytest.mark.parametrize(("spoken", "mode"), [(spoken, mode) for spoken in OPTIONAL for mode in EVERY_MODE])
def test_optional_status_is_sent_only_with_a_saved_case(spoken: str, mode: ChargingMode) -> None:
    """business-rules §17.4: "freeze only where status is implemented"; a lift follows only a freeze that was sent."""
    service, (_expired, operator, thaw, _release) = subscription_view(spoken, mode), TABLE[spoken][mode]
    activity = protocols()[spoken].activities[SetStatus]
    assert command_for(OPERATOR, replace(service, proven=frozenset({activity}))) == operator
    without_case = replace(service, proven=frozenset())
    assert command_for(OPERATOR, without_case) == (UNABLE if mode in OPTIONAL[spoken] else operator)
    assert command_for(Thaw(), without_case) == thaw
