"""A supervised delivery from the payment to its end: acts, refusals, and where the money is (business-rules §2.10)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW
from tests.market.supervision.supervising import (
    CLOCKS,
    DAY,
    OP,
    PRICE,
    TO_ACCEPT,
    B,
    S,
    money,
    perform,
    person,
    reload,
    run_timer,
    supervised,
    timer,
    walk,
)
from tradepost.market.base.errors import Refused
from tradepost.market.notifications.models import Notice
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act
from tradepost.market.supervision import cancel
from tradepost.market.supervision.appeal import appeal, decide
from tradepost.market.supervision.models import Appeal, Supervision, Visit

pytestmark = pytest.mark.django_db


def count_notices(kind: str) -> int:
    return Notice.objects.filter(kind=kind).count()


def state(supervision: Supervision) -> tuple[str, str, str, str, str]:
    now = reload(supervision)
    return now.status, now.node, now.owner, now.line.order.status, now.subscription.status


@pytest.mark.slow
def test_service_is_requested_confirmed_delivered_rejected_and_accepted() -> None:
    """§2.10: demand → confirmation → delivery with evidence → acceptance; the order stays in processing, the money is
    held.
    """
    supervision = supervised()
    has = money(supervision)[0]
    assert state(supervision) == ("running", "demand", "buyer", "processing", "opening")
    assert (money(supervision), count_notices("delivery_your_turn")) == ((has, PRICE, 0), 1)
    walk(supervision, (B, Act.DEMAND), (S, Act.REFUSE), *TO_ACCEPT, (B, Act.REJECT), (S, Act.DELIVER))
    assert state(supervision) == ("running", "accept", "buyer", "processing", "opening")
    assert reload(supervision).rejections == 1
    ended = perform(supervision, B, Act.ACCEPT, now=NOW + DAY)
    assert state(supervision) == ("completed", "accept", "buyer", "completed", "active")
    assert (money(supervision), ended.effective_at) == ((has, 0, PRICE), NOW + DAY)
    assert (count_notices("delivery_accepted"), count_notices("seller_delivery_accepted")) == (1, 1)
    assert run_timer(supervision, NOW + 2 * DAY) is None, "its timer finds that it has ended"
    acts = list(Visit.objects.filter(supervision=supervision).order_by("number").values_list("act", flat=True))
    assert acts == [
        "demand", "refuse", "demand", "confirm", "deliver", "reject", "deliver", "accept",
    ]  # fmt: skip
    assert ledger.verify().problems == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "acts"),
    [
        ("CONSULTING", (*TO_ACCEPT, (B, Act.ACCEPT))),
        ("LICENSE_OFFLINE", ((S, Act.DELIVER), (B, Act.ACCEPT))),
        ("HARDWARE", ((B, Act.DEMAND), (S, Act.SHIP), (B, Act.ACCEPT))),
    ],
)
def test_each_kind_ends_with_its_acceptance(kind: str, acts: tuple[tuple[object, Act], ...]) -> None:
    supervision = supervised(kind)
    walk(supervision, *acts)  # type: ignore[arg-type]  # a table of acts
    assert state(supervision)[0::3] == ("completed", "completed")
    assert money(supervision)[1:] == (0, PRICE)


def test_missing_value_is_shown_beside_its_field_and_nothing_moves() -> None:
    supervision = supervised()
    with pytest.raises(Refused) as nothing_said:
        perform(supervision, B, Act.DEMAND, words=" ")
    walk(supervision, (B, Act.DEMAND), (S, Act.CONFIRM))
    before = state(supervision)
    with pytest.raises(Refused) as no_evidence:
        perform(supervision, S, Act.DELIVER, proofs=False)
    tomorrow = (NOW + 2 * DAY).date().isoformat()
    with pytest.raises(Refused) as too_early:
        perform(supervision, S, Act.DELIVER, started=tomorrow)
    with pytest.raises(Refused) as too_long:
        perform(supervision, S, Act.DELIVER, words="x" * 2001)
    fields = [invalid_form.value.field for invalid_form in (nothing_said, no_evidence, too_early, too_long)]
    assert fields == ["words", "files", "started", "words"]
    assert (state(supervision), Visit.objects.filter(supervision=supervision).count()) == (before, 2)


def test_act_meant_for_an_earlier_step_does_nothing() -> None:
    """Two tabs: the second click finds that the step is over."""
    supervision = supervised()
    walk(supervision, (B, Act.DEMAND), (S, Act.REFUSE))
    with pytest.raises(Refused, match=r"supervision\.moved"):
        perform(supervision, B, Act.DEMAND, visit=1)
    assert reload(supervision).visit == 3


def test_service_is_in_use_since_the_day_given_by_the_seller() -> None:
    """§2.10: "seller-filled actual start, else acceptance click"."""
    supervision = supervised()
    later = NOW + 5 * DAY
    walk(supervision, (B, Act.DEMAND), (S, Act.CONFIRM), now=later)
    day = (NOW + 2 * DAY).astimezone(CLOCKS.zone).date()
    perform(supervision, S, Act.DELIVER, started=day.isoformat(), now=later)
    ended = perform(supervision, B, Act.ACCEPT, now=later)
    assert ended.effective_at == datetime.combine(day, datetime.min.time(), CLOCKS.zone)


def test_agreed_cancellation_refunds_everything() -> None:
    supervision = supervised()
    has = money(supervision)[0]
    walk(supervision, *TO_ACCEPT)
    cancel.request_refund(supervision.pk, "I need it no more.", now=NOW)
    with pytest.raises(Refused, match=r"supervision\.cancelling"):
        perform(supervision, B, Act.ACCEPT)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    assert state(supervision)[0::3] == ("refunded", "refunded")
    assert (reload(supervision).subscription.status, money(supervision)) == ("failed", (has + PRICE, 0, 0))
    with pytest.raises(Refused, match=r"supervision\.ended"):
        perform(supervision, B, Act.ACCEPT)


def test_declined_or_withdrawn_cancellation_continues_the_delivery() -> None:
    supervision = supervised()
    walk(supervision, *TO_ACCEPT)
    cancel.request_refund(supervision.pk, "Too slow.", now=NOW)
    with pytest.raises(Refused) as silent:
        cancel.decline(supervision.pk, " ", now=NOW)
    cancel.decline(supervision.pk, "Completed.", now=NOW)
    cancel.request_refund(supervision.pk, "Still.", now=NOW)
    cancel.withdraw(supervision.pk, now=NOW)
    assert (silent.value.field, money(supervision)[1]) == ("answer", PRICE)
    perform(supervision, B, Act.ACCEPT)
    assert money(supervision)[1:] == (0, PRICE)


@pytest.mark.parametrize(
    ("decision", "status", "expected_held", "owed"),
    [("continue", "running", PRICE, 0), ("accept", "completed", 0, PRICE), ("refund", "refunded", 0, 0)],
)
def test_appeal_pauses_the_delivery_until_an_operator_decides(
    decision: str, status: str, expected_held: int, owed: int
) -> None:
    """§2.10: "flow frozen; operator decides in 3 wd"."""
    supervision = supervised()
    walk(supervision, *TO_ACCEPT, (B, Act.REJECT))
    appeal(supervision.pk, S, "It runs; see the log.", (), by=person(supervision, S), clocks=CLOCKS, now=NOW)
    with pytest.raises(Refused, match=r"supervision\.appealed"):
        perform(supervision, S, Act.DELIVER)
    assert run_timer(supervision, NOW + 30 * DAY) is not None
    assert (state(supervision)[0], money(supervision)[1]) == ("appealed", PRICE), "APPEALED never moves by timer"
    by = person(supervision, OP)
    with pytest.raises(Refused) as silent:
        decide(supervision.pk, Appeal.Decision(decision), "", by=by, clocks=CLOCKS, now=NOW)
    decide(supervision.pk, Appeal.Decision(decision), "As the log shows.", by=by, clocks=CLOCKS, now=NOW)
    assert (silent.value.field, state(supervision)[0], money(supervision)[1:]) == (
        "opinion",
        status,
        (expected_held, owed),
    )
    with pytest.raises(Refused, match=r"supervision\.no_appeal"):
        decide(supervision.pk, Appeal.Decision.REFUND, "Again.", by=by, clocks=CLOCKS, now=NOW)
    assert ledger.verify().problems == ()


def test_appeal_keeps_the_remaining_time() -> None:
    """joint.md §4: due 12-10T00:00, appealed 12-08T12:00, continued 12-15T09:00 → due 12-16T21:00."""
    supervision = supervised("HARDWARE")
    supervision.buyer.phone = "13800138000"
    supervision.buyer.save(update_fields=["phone"])
    sent = NOW + DAY
    walk(supervision, (B, Act.DEMAND), (S, Act.SHIP), now=sent)
    assert reload(supervision).due_at == sent + 10 * DAY
    appealed = sent + 8 * DAY + timedelta(hours=12)
    appeal(supervision.pk, B, "Broken.", (), by=person(supervision, B), clocks=CLOCKS, now=appealed)
    continued = appealed + 7 * DAY
    decide(
        supervision.pk,
        Appeal.Decision.CONTINUE,
        "Look again.",
        by=person(supervision, OP),
        clocks=CLOCKS,
        now=continued,
    )
    assert reload(supervision).due_at == continued + timedelta(hours=36)


@pytest.mark.parametrize(("phone", "accepted"), [("13800138000", True), ("13900139000", False)])
def test_goods_are_accepted_automatically_after_ten_days_if_the_phone_is_the_buyers(phone: str, accepted: bool) -> None:
    """§2.10: "auto-accepted 10 days … if receiver phone equals the order's phone, else only manual"."""
    supervision = supervised("HARDWARE")
    supervision.buyer.phone = "+86 138 0013 8000"
    supervision.buyer.save(update_fields=["phone"])
    perform(supervision, B, Act.DEMAND, phone=phone)
    perform(supervision, S, Act.SHIP)
    run_timer(supervision, NOW + 10 * DAY - timedelta(seconds=1))
    assert state(supervision)[0] == "running"
    run_timer(supervision, NOW + 10 * DAY)
    assert (state(supervision)[0] == "completed", money(supervision)[1] == 0) == (accepted, accepted)


def test_party_that_must_act_is_reminded_once_and_both_are_notified_of_very_old_deliveries() -> None:
    """§2.10: ">180 days open → weekly alert"; joint.md §4: by day 180, 181, 187, 188, 195 → 0, 1, 1, 2, 3."""
    supervision = supervised()
    assert timer(supervision) == NOW + 3 * DAY
    run_timer(supervision, NOW + 3 * DAY)
    run_timer(supervision, NOW + 4 * DAY)
    assert count_notices("delivery_waits") == 1
    alerts = []
    for day in (180, 181, 187, 188, 195):
        run_timer(supervision, NOW + day * DAY)
        alerts.append((count_notices("delivery_old"), count_notices("seller_delivery_old")))
    assert alerts == [(0, 0), (1, 1), (1, 1), (2, 2), (3, 3)]


def test_operator_reviews_each_delivery_if_the_product_requires_it() -> None:
    """§2.10: "Huawei re-review" before the user accepts; a rejected delivery is submitted again."""
    supervision = supervised(acceptance_review="yes")
    assert person(supervision, OP).is_operator
    walk(supervision, *TO_ACCEPT)
    assert (state(supervision)[1:3], count_notices("operator_delivery_review")) == (("review", "operator"), 1)
    with pytest.raises(Refused, match=r"supervision\.not_now"):
        perform(supervision, B, Act.ACCEPT)
    walk(supervision, (OP, Act.SEND_BACK), (S, Act.DELIVER), (OP, Act.PASS))
    assert state(supervision)[1:3] == ("accept", "buyer")
    perform(supervision, B, Act.ACCEPT)
    assert money(supervision)[1:] == (0, PRICE)
