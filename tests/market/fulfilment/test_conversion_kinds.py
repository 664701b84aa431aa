"""Conversions at the end of a service, as values: a trial that becomes formal, and a renewal with a change."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW
from tests.market.fulfilment.cases import END, LINE, ORDER, RELEASE, UNTIL, case, last_exchange, line, subscription_view
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.contract import Effects, FailedCall, Intent, ProtocolCommand
from tradepost.market.fulfilment.kinds.check_change import KIND as CHECK
from tradepost.market.fulfilment.kinds.check_change import Target
from tradepost.market.fulfilment.kinds.convert import KIND as CONVERT
from tradepost.market.fulfilment.kinds.renew import Renewal
from tradepost.market.fulfilment.kinds.renew_change import KIND as RENEW_CHANGE
from tradepost.market.fulfilment.kinds.renew_change import ChangedRenewal
from tradepost.protocols.commands import CheckChange, Command, Query, Refresh, Scene

RENEWAL = Renewal(since=END, until=UNTIL)
TARGET = Target(product_id="OFFI2", sku_code="SKU2", product_name="Docs", quantity=5, linear_value=5, lasts_minutes=30)


def command_of(intent: Intent | None) -> Command | None:
    return intent.command if isinstance(intent, ProtocolCommand) else None


@pytest.mark.parametrize(
    ("now", "first"),
    [(NOW, Refresh), (NOW + timedelta(minutes=30) - timedelta(microseconds=1), Refresh),
     (NOW + timedelta(minutes=30), CheckChange)],
)  # fmt: skip
def test_expired_agreement_is_checked_again(now: datetime, first: type[Command]) -> None:
    """operations.md §3, §7: the check is valid for 30 minutes."""
    wanted = ChangedRenewal(since=END, until=UNTIL, agreed_until=NOW + timedelta(minutes=30))
    of = case(wanted, held=subscription_view(), line=line(product_id="OFFI2"), now=now)
    assert isinstance(command_of(RENEW_CHANGE.ask(of)), first)
    refresh = command_of(RENEW_CHANGE.ask(replace(of, now=NOW)))
    assert isinstance(refresh, Refresh)
    assert refresh.scene is Scene.RENEWAL_CHANGE
    assert RENEW_CHANGE.ask(replace(of, said=last_exchange(refresh))) is None, "one request"


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_conversion_sends_its_scene_and_the_new_product(spoken: str) -> None:
    """saas-v2 §3.3, saas-v1-license A2.3: a trial has its own product ID, so the new one is always sent."""
    ordered = line("TRIAL_TO_FORMAL", product_id="OFFI2")
    assert command_of(CONVERT.ask(case(RENEWAL, held=subscription_view(spoken), line=ordered))) == Refresh(
        instance_id="i-1", scene=Scene.TRIAL_TO_FORMAL, order_id=ORDER, order_line_id=LINE, expires_at=UNTIL,
        product_id="OFFI2", purchase=ordered.bought(expires_at=UNTIL),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("until", "now", "code"),
    [
        (RELEASE, RELEASE - timedelta(microseconds=1), None),
        (RELEASE, RELEASE, "conversion.too_late"),
        (None, NOW, "conversion.too_late"),
    ],
)
def test_conversion_begins_until_the_retention_ends(until: datetime | None, now: datetime, code: str | None) -> None:
    """business-rules §4.4: half-open."""
    of = case(RENEWAL, held=subscription_view(convertible_until=until), line=line("TRIAL_TO_FORMAL"), now=now)
    refused = CONVERT.refuses(of)
    assert (refused.code if refused else None) == code


def test_check_is_sent_once_and_changes_nothing() -> None:
    """saas-v2 §3.7, §3.10: no retry; a buyer waits for the answer."""
    of = case(TARGET, held=subscription_view())
    assert CHECK.ask(of) == ProtocolCommand(
        command=CheckChange(
            instance_id="i-1", product_id="OFFI2", sku_code="SKU2", product_name="Docs", linear_value=5
        ),
        once=True,
    )
    failed = FailedCall(command=Query(instance_ids=("i-1",)), verdict="000005", maybe_acted=True, keeps_order=False)
    assert CHECK.on_done(of) == CHECK.on_gave_up(of, failed) == Effects()
