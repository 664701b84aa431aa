"""The kinds of operations that repair what differs between market and seller, asked as pure functions over a case."""

from __future__ import annotations

from typing import Any

import pytest

from tests.market.fulfilment.cases import END, LINE, ORDER, case, held, said
from tradepost.market.fulfilment.contract import Ask, Case, Failed, Nothing
from tradepost.market.fulfilment.kinds.tell_end import TellEnd
from tradepost.market.fulfilment.registry import operation_kind
from tradepost.protocols.commands import AppInfo, Done, InstanceInfo, Query, Refresh, Scene

APP = AppInfo(front_end_url="https://app.example/")
WITH_ACCESS = Done(instance_id="i-1", instances=(InstanceInfo(instance_id="i-1", app=APP),))
MAYBE = Failed(command=Query(instance_ids=("i-1",)), verdict="timeout", maybe_acted=True, keeps_order=False)


def asked(kind: str, of: Case[Any]) -> Any:
    intent = operation_kind(kind).ask(of)
    return intent.command if isinstance(intent, Ask) else intent


@pytest.mark.parametrize(("mode", "state"), [("PERIOD", "active"), ("ON_DEMAND", "")])
def test_the_end_is_told_again_and_stays_as_it_is(mode: str, state: str) -> None:
    """saas-v2 §3.3: set, not added; saas-v1-license A2.4: a refresh ends the freeze of a period product."""
    wanted = TellEnd(until=END, scene=Scene.UNSUBSCRIBE_RENEWAL_PERIOD, order_id=ORDER, order_line_id=LINE)
    of = case(wanted, held=held("saas_v1", mode))
    assert asked("tell_end", of) == Refresh(
        instance_id="i-1", scene=Scene.UNSUBSCRIBE_RENEWAL_PERIOD, order_id=ORDER, order_line_id=LINE, expires_at=END
    )
    done = operation_kind("tell_end").on_done(of)
    assert (done.seller_state, done.expires_at, done.order, done.paid) == (state, None, None, None)
    given_up = operation_kind("tell_end").on_gave_up(of, MAYBE)
    assert given_up.seller_state == ("unknown" if state else "")


def test_access_data_is_taken_over_as_a_query_tells_it() -> None:
    """saas-v2 §3.2."""
    of = case(Nothing(), held=held())
    assert asked("take_access", of) == Query(instance_ids=("i-1",))
    told = case(Nothing(), held=held(), said=said(Query(instance_ids=("i-1",)), WITH_ACCESS))
    assert operation_kind("take_access").ask(told) is None
    assert operation_kind("take_access").on_done(told).access == APP
