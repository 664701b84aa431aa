"""Operations that repair differences between market and seller, as pure functions over a case."""

from __future__ import annotations

from typing import Any

import pytest

from tests.market.fulfilment.cases import END, LINE, ORDER, case, last_exchange, subscription_view
from tradepost.market.fulfilment.contract import Case, FailedCall, NoParameters, ProtocolCommand
from tradepost.market.fulfilment.kinds.tell_end import TellEnd
from tradepost.market.fulfilment.registry import operation_kind
from tradepost.protocols.commands import AppInfo, Done, InstanceInfo, Query, Refresh, Scene

APP = AppInfo(front_end_url="https://app.example/")
WITH_ACCESS = Done(instance_id="i-1", instances=(InstanceInfo(instance_id="i-1", app=APP),))
MAYBE_DONE = FailedCall(command=Query(instance_ids=("i-1",)), verdict="timeout", maybe_acted=True, keeps_order=False)


def command_for(kind: str, of: Case[Any]) -> Any:
    intent = operation_kind(kind).ask(of)
    return intent.command if isinstance(intent, ProtocolCommand) else intent


@pytest.mark.parametrize(("mode", "state"), [("PERIOD", "active"), ("ON_DEMAND", "")])
def test_end_is_sent_again_unchanged(mode: str, state: str) -> None:
    """saas-v2 §3.3: set, not added; saas-v1-license A2.4: a refresh ends the freeze of a period product."""
    intent = TellEnd(until=END, scene=Scene.UNSUBSCRIBE_RENEWAL_PERIOD, order_id=ORDER, order_line_id=LINE)
    of = case(intent, held=subscription_view("saas_v1", mode))
    assert command_for("tell_end", of) == Refresh(
        instance_id="i-1", scene=Scene.UNSUBSCRIBE_RENEWAL_PERIOD, order_id=ORDER, order_line_id=LINE, expires_at=END
    )
    result = operation_kind("tell_end").on_done(of)
    assert (result.seller_state, result.expires_at, result.order, result.paid) == (state, None, None, None)
    given_up = operation_kind("tell_end").on_gave_up(of, MAYBE_DONE)
    assert given_up.seller_state == ("unknown" if state else "")


def test_access_data_is_taken_from_a_query() -> None:
    """saas-v2 §3.2."""
    of = case(NoParameters(), held=subscription_view())
    assert command_for("take_access", of) == Query(instance_ids=("i-1",))
    answered_case = case(
        NoParameters(), held=subscription_view(), said=last_exchange(Query(instance_ids=("i-1",)), WITH_ACCESS)
    )
    assert operation_kind("take_access").ask(answered_case) is None
    assert operation_kind("take_access").on_done(answered_case).access == APP
