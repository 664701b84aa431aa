"""Kinds that make a service another one at its end, over values alone: a trial that becomes formal, a renewal with a change."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW
from tests.market.fulfilment.cases import END, LINE, ORDER, RELEASE, UNTIL, case, held, line, said
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.contract import Ask, Effects, Failed, Intent
from tradepost.market.fulfilment.kinds.check_change import KIND as CHECK
from tradepost.market.fulfilment.kinds.check_change import Target
from tradepost.market.fulfilment.kinds.convert import KIND as CONVERT
from tradepost.market.fulfilment.kinds.renew import Renewal
from tradepost.market.fulfilment.kinds.renew_change import KIND as RENEW_CHANGE
from tradepost.market.fulfilment.kinds.renew_change import ChangedRenewal
from tradepost.protocols.commands import CheckChange, Command, Query, Refresh, Scene

RENEWAL = Renewal(since=END, until=UNTIL)
TARGET = Target(product_id="OFFI2", sku_code="SKU2", product_name="Docs", quantity=5, linear_value=5, lasts_minutes=30)


def commanded(intent: Intent | None) -> Command | None:
    return intent.command if isinstance(intent, Ask) else None


@pytest.mark.parametrize(
    ("now", "first"),
    [(NOW, Refresh), (NOW + timedelta(minutes=30) - timedelta(microseconds=1), Refresh),
     (NOW + timedelta(minutes=30), CheckChange)],
)  # fmt: skip
def test_what_the_seller_agreed_to_is_checked_again_when_its_word_is_old(now: datetime, first: type[Command]) -> None:
    """operations.md §3, §7: the check is valid for 30 minutes."""
    wanted = ChangedRenewal(since=END, until=UNTIL, agreed_until=NOW + timedelta(minutes=30))
    of = case(wanted, held=held(), line=line(product_id="OFFI2"), now=now)
    assert isinstance(commanded(RENEW_CHANGE.ask(of)), first)
    refresh = commanded(RENEW_CHANGE.ask(replace(of, now=NOW)))
    assert isinstance(refresh, Refresh)
    assert refresh.scene is Scene.RENEWAL_CHANGE
    assert RENEW_CHANGE.ask(replace(of, said=said(refresh))) is None, "it is asked once"


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_a_conversion_says_its_scene_and_the_new_product(spoken: str) -> None:
    """saas-v2 §3.3, saas-v1-license A2.3: a trial has a product id of its own, so that the new one is always sent."""
    ordered = line("TRIAL_TO_FORMAL", product_id="OFFI2")
    assert commanded(CONVERT.ask(case(RENEWAL, held=held(spoken), line=ordered))) == Refresh(
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
def test_a_conversion_begins_until_the_end_of_the_retention(
    until: datetime | None, now: datetime, code: str | None
) -> None:
    """business-rules §4.4: half-open."""
    of = case(RENEWAL, held=held(convertible_until=until), line=line("TRIAL_TO_FORMAL"), now=now)
    refused = CONVERT.refuses(of)
    assert (refused.code if refused else None) == code


def test_a_check_is_asked_once_and_changes_nothing() -> None:
    """saas-v2 §3.7, §3.10: no retry; a buyer waits for the answer."""
    of = case(TARGET, held=held())
    assert CHECK.ask(of) == Ask(
        command=CheckChange(
            instance_id="i-1", product_id="OFFI2", sku_code="SKU2", product_name="Docs", linear_value=5
        ),
        once=True,
    )
    failed = Failed(command=Query(instance_ids=("i-1",)), verdict="000005", maybe_acted=True, keeps_order=False)
    assert CHECK.on_done(of) == CHECK.on_gave_up(of, failed) == Effects()
