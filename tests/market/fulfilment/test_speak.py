"""What an intent is called: every protocol × charging mode × intent. Here alone protocols differ, by their ``life``."""

from __future__ import annotations

import pytest

from tests.market.fulfilment.cases import BOUGHT, LINE, ORDER, held
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.contract import Ask, Freeze, Implied, Intent, Thaw, Unable
from tradepost.market.fulfilment.contract import Release as Releasing
from tradepost.market.fulfilment.speak import can_freeze, can_thaw, speak
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
IMPLIED, UNABLE = Implied(), Unable()

type Row = tuple[Command | Implied | Unable, ...]
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
        # A2.4: the end of a period; what is sold once has none, and A2.7 is of the pay-per-use product
        ChargingMode.ONE_TIME: (UNABLE, UNABLE, UNABLE, RELEASE_PURCHASE),
        # saas-v1-license A2.7: instanceStatus FREEZE, NORMAL, "the one returned for the pay-per-use product"
        ChargingMode.ON_DEMAND: (FREEZE, FREEZE, UNFREEZE, RELEASE_PURCHASE),
        ChargingMode.ON_DEMAND_PKG: (FREEZE, FREEZE, UNFREEZE, RELEASE_PURCHASE),
    },
    # saas-v1-license B1
    "license_v1": dict.fromkeys(EVERY_MODE, (UNABLE, UNABLE, UNABLE, RELEASE_PURCHASE))
    | {ChargingMode.PERIOD: (EXPIRE, UNABLE, IMPLIED, RELEASE_PURCHASE)},
    # saas-v1-license B3: updateInstanceStatus and releaseInstance as those of SaaS 2.0
    "license_online": dict.fromkeys(EVERY_MODE, BY_STATUS),
    # saas-v1-license B2.2: updateLicenseCodeStatus, releaseLicenseCode
    "license_code": dict.fromkeys(EVERY_MODE, BY_STATUS),
    # These open nothing, so that nothing can be frozen or released.
    "joint_kit_v1": dict.fromkeys(EVERY_MODE, NOTHING),
    "joint_kit_v2": dict.fromkeys(EVERY_MODE, NOTHING),
    "order_notice": dict.fromkeys(EVERY_MODE, NOTHING),
}
INTENTS: tuple[Intent, ...] = (EXPIRED, OPERATOR, Thaw(), Releasing(instance_id="i-1"))


def test_every_protocol_has_its_rows() -> None:
    assert set(TABLE) == set(protocols())
    assert all(set(rows) == set(EVERY_MODE) for rows in TABLE.values())


@pytest.mark.parametrize(("spoken", "mode"), [(spoken, mode) for spoken, rows in TABLE.items() for mode in rows])
def test_the_table(spoken: str, mode: ChargingMode) -> None:
    one = held(spoken, mode)
    assert tuple(speak(intent, one) for intent in INTENTS) == TABLE[spoken][mode]


@pytest.mark.parametrize(("spoken", "mode"), [(spoken, mode) for spoken, rows in TABLE.items() for mode in rows])
def test_what_can_be_said_is_what_is_said(spoken: str, mode: ChargingMode) -> None:
    one, (expired, operator, thaw, _) = held(spoken, mode), TABLE[spoken][mode]
    sayable = {reason for reason, word in (("expired", expired), ("operator", operator)) if isinstance(word, Command)}
    for reasons in ({"expired"}, {"operator"}, {"expired", "operator"}, set()):
        assert can_freeze(frozenset(reasons), one) == min(reasons & sayable, default="")
    assert can_thaw(one) == isinstance(thaw, Command)


OF_PURCHASES = {"saas_v1", "license_v1"}


@pytest.mark.parametrize("spoken", [name for name, rows in TABLE.items() if rows[ChargingMode.PERIOD] != NOTHING])
def test_a_release_that_an_order_caused_names_that_one_and_the_purchase_in_the_older_ones(spoken: str) -> None:
    """saas-v2 §3.5; saas-v1-license A2.5: orderId is that of the original purchase."""
    caused = Releasing(instance_id="b-1", order_id=ORDER, order_line_id=LINE)
    order, line = (BOUGHT, "") if spoken in OF_PURCHASES else (ORDER, LINE)
    assert speak(caused, held(spoken)) == Release(instance_id="b-1", order_id=order, order_line_id=line)


@pytest.mark.parametrize("spoken", sorted(TABLE))
def test_a_command_is_said_where_the_protocol_has_the_activity_and_nowhere_else(spoken: str) -> None:
    for command in (
        Query(instance_ids=("i-1",)),
        CheckChange(instance_id="i-1", product_id="", sku_code="", product_name=""),
    ):
        said = speak(Ask(command=command), held(spoken))
        assert said == (command if type(command) in protocols()[spoken].activities else UNABLE)


@pytest.mark.parametrize("spoken", sorted(TABLE))
def test_a_protocol_can_do_what_its_life_says(spoken: str) -> None:
    """``Life``: every mode that is frozen by a status is thawed by it; the others by a refresh alone."""
    one = protocols()[spoken]
    assert {*one.life.freezes_by.values()} <= set(one.activities)
    by_expiry = {mode for mode, command in one.life.freezes_by.items() if command is Expire}
    assert one.life.refresh_thaws == by_expiry


OPTIONAL = {
    # business-rules §17.4 and saas-v2 §1.4: "updateInstanceStatus: one-time no"; on demand only where it is implemented
    "saas_v2": {ChargingMode.ONE_TIME, ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG},
    "saas_v1": set(),
    # saas-v1-license B3: updateInstanceStatus is of period products
    "license_online": {ChargingMode.ONE_TIME, ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG},
    # B2.2: the seller's interface is optional as a whole
    "license_code": set(EVERY_MODE),
}


@pytest.mark.parametrize(("spoken", "mode"), [(spoken, mode) for spoken in OPTIONAL for mode in EVERY_MODE])
def test_a_status_that_the_protocol_does_not_require_is_told_where_a_case_of_it_was_saved(
    spoken: str, mode: ChargingMode
) -> None:
    """business-rules §17.4: "freeze only where status is implemented"; a lift follows a freeze that was told."""
    one, (_expired, operator, thaw, _release) = held(spoken, mode), TABLE[spoken][mode]
    activity = protocols()[spoken].activities[SetStatus]
    assert speak(OPERATOR, replace(one, proven=frozenset({activity}))) == operator
    bare = replace(one, proven=frozenset())
    assert speak(OPERATOR, bare) == (UNABLE if mode in OPTIONAL[spoken] else operator)
    assert speak(Thaw(), bare) == thaw
