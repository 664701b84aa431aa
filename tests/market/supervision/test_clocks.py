"""The computed examples of joint.md §4 about time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.market.supervision.supervising import CLOCKS
from tradepost.market.product_types.flows.contract import Flow, Party
from tradepost.market.product_types.flows.registry import flows
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.market.supervision.clocks import DAY, Progress, effective_at, next_stale_at, remaining

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(("alerts", "day"), [(0, 181), (1, 188), (2, 195)])
def test_old_delivery_is_reported_every_week(alerts: int, day: int) -> None:
    """Inactivity: "open more than 180 days → weekly alert"."""
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    progress = Progress(
        opened_at=opened, entered_at=opened, due_at=None, reminded=False, stale_told=alerts, appealed=False
    )
    assert next_stale_at(progress, CLOCKS) == opened + day * DAY


def test_appeal_keeps_the_remaining_time() -> None:
    """Due 12-10T00:00, appealed 12-08T12:00, continued 12-15T09:00 → due 12-16T21:00."""
    left = remaining(datetime(2026, 12, 10, tzinfo=UTC), datetime(2026, 12, 8, 12, tzinfo=UTC))
    assert left is not None
    assert datetime(2026, 12, 15, 9, tzinfo=UTC) + left == datetime(2026, 12, 16, 21, tzinfo=UTC)
    assert remaining(datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 8, tzinfo=UTC)) == timedelta(0)


PAID, ACCEPTED = datetime(2026, 12, 1, 2, tzinfo=UTC), datetime(2026, 12, 20, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("started", "since"),
    [
        (None, ACCEPTED),
        (date(2026, 12, 9), datetime(2026, 12, 8, 16, tzinfo=UTC)),
        (date(2026, 12, 1), PAID),
        (date(2027, 1, 1), ACCEPTED),
    ],
)
def test_start_of_use(started: date | None, since: datetime) -> None:
    """The seller's start, never before the payment, else the acceptance."""
    assert effective_at(started_on=started, accepted_at=ACCEPTED, paid_at=PAID, zone=SHANGHAI) == since


@pytest.mark.parametrize(
    ("since", "kind", "until"),
    [
        ("2026-12-09T02:00", "year", "2027-12-09T02:00"),
        ("2027-01-30T17:00", "month", "2027-02-27T17:00"),
        ("2028-02-28T17:00", "year", "2029-02-27T17:00"),
    ],
)
def test_term_restarts_for_kinds_in_use(since: str, kind: str, until: str) -> None:
    assert period_end(datetime.fromisoformat(f"{since}+00:00"), kind, 1) == datetime.fromisoformat(f"{until}+00:00")


@pytest.mark.parametrize("flow", flows().values(), ids=lambda flow: flow.code)
def test_every_flow_leads_from_its_first_node_to_an_acceptance(flow: Flow) -> None:
    """Each move leads to a node of the flow or ends it; each node is reached; the owner of a node can act there; no
    party waits for a node without an owner.
    """
    reached, waiting = {flow.first.code}, [flow.first]
    while waiting:
        node = waiting.pop()
        ways = {node.agreed_to, *(move.to for move in node.moves), *(move.reviewed_to for move in node.moves)}
        for code in ways - reached - {""}:
            reached.add(code)
            waiting.append(flow.by_code[code])
    assert reached == set(flow.by_code)
    ends = [move for node in flow.nodes for move in node.moves if not move.to]
    assert ends
    assert all({"accepted", "paid_back"} & {effect.value for effect in move.effects} for move in ends)
    for node in flow.nodes:
        assert any(move.by in {node.owner, Party.MARKET} for move in node.moves), node.code
        assert node.owner is not Party.MARKET
        assert node.auto is None or node.move(node.auto, Party.MARKET) is not None
