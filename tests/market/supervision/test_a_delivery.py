"""A supervised delivery from the payment to its end: who acts, what is refused, where the money is (business-rules §2.10)."""

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
    again,
    does,
    money,
    person,
    supervised,
    ticks,
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


def told(kind: str) -> int:
    return Notice.objects.filter(kind=kind).count()


def state(supervision: Supervision) -> tuple[str, str, str, str, str]:
    now = again(supervision)
    return now.status, now.node, now.owner, now.line.order.status, now.subscription.status


def test_a_service_is_demanded_confirmed_delivered_rejected_and_accepted() -> None:
    """§2.10: demand → confirmation → delivery with evidence → acceptance; the order stays in processing, the money is held."""
    supervision = supervised()
    has = money(supervision)[0]
    assert state(supervision) == ("running", "demand", "buyer", "processing", "opening")
    assert (money(supervision), told("delivery_your_turn")) == ((has, PRICE, 0), 1)
    walk(supervision, (B, Act.DEMAND), (S, Act.REFUSE), *TO_ACCEPT, (B, Act.REJECT), (S, Act.DELIVER))
    assert state(supervision) == ("running", "accept", "buyer", "processing", "opening")
    assert again(supervision).rejections == 1
    ended = does(supervision, B, Act.ACCEPT, now=NOW + DAY)
    assert state(supervision) == ("completed", "accept", "buyer", "completed", "active")
    assert (money(supervision), ended.effective_at) == ((has, 0, PRICE), NOW + DAY)
    assert (told("delivery_accepted"), told("seller_delivery_accepted")) == (1, 1)
    assert ticks(supervision, NOW + 2 * DAY) is None, "its timer finds that it has ended"
    acts = list(Visit.objects.filter(supervision=supervision).order_by("number").values_list("act", flat=True))
    assert acts == [
        "demand", "refuse", "demand", "confirm", "deliver", "reject", "deliver", "accept",
    ]  # fmt: skip
    assert ledger.verify().problems == ()


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


def test_what_is_missing_is_said_beside_its_field_and_nothing_moves() -> None:
    supervision = supervised()
    with pytest.raises(Refused) as nothing_said:
        does(supervision, B, Act.DEMAND, words=" ")
    walk(supervision, (B, Act.DEMAND), (S, Act.CONFIRM))
    before = state(supervision)
    with pytest.raises(Refused) as no_evidence:
        does(supervision, S, Act.DELIVER, proofs=False)
    tomorrow = (NOW + 2 * DAY).date().isoformat()
    with pytest.raises(Refused) as too_early:
        does(supervision, S, Act.DELIVER, started=tomorrow)
    with pytest.raises(Refused) as too_long:
        does(supervision, S, Act.DELIVER, words="x" * 2001)
    fields = [one.value.field for one in (nothing_said, no_evidence, too_early, too_long)]
    assert fields == ["words", "files", "started", "words"]
    assert (state(supervision), Visit.objects.filter(supervision=supervision).count()) == (before, 2)


def test_an_act_that_was_meant_for_an_earlier_step_does_nothing() -> None:
    """Two tabs: the second press finds that somebody was faster."""
    supervision = supervised()
    walk(supervision, (B, Act.DEMAND), (S, Act.REFUSE))
    with pytest.raises(Refused, match=r"supervision\.moved"):
        does(supervision, B, Act.DEMAND, visit=1)
    assert again(supervision).visit == 3


def test_in_use_since_the_day_that_the_seller_said() -> None:
    """§2.10: "seller-filled actual start, else acceptance click"."""
    supervision = supervised()
    later = NOW + 5 * DAY
    walk(supervision, (B, Act.DEMAND), (S, Act.CONFIRM), now=later)
    day = (NOW + 2 * DAY).astimezone(CLOCKS.zone).date()
    does(supervision, S, Act.DELIVER, started=day.isoformat(), now=later)
    ended = does(supervision, B, Act.ACCEPT, now=later)
    assert ended.effective_at == datetime.combine(day, datetime.min.time(), CLOCKS.zone)


def test_the_seller_agrees_to_cancel_it_and_all_is_back() -> None:
    supervision = supervised()
    has = money(supervision)[0]
    walk(supervision, *TO_ACCEPT)
    cancel.ask(supervision.pk, "I need it no more.", now=NOW)
    with pytest.raises(Refused, match=r"supervision\.cancelling"):
        does(supervision, B, Act.ACCEPT)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    assert state(supervision)[0::3] == ("refunded", "refunded")
    assert (again(supervision).subscription.status, money(supervision)) == ("failed", (has + PRICE, 0, 0))
    with pytest.raises(Refused, match=r"supervision\.ended"):
        does(supervision, B, Act.ACCEPT)


def test_what_the_seller_declines_goes_on_and_what_the_buyer_withdraws_too() -> None:
    supervision = supervised()
    walk(supervision, *TO_ACCEPT)
    cancel.ask(supervision.pk, "Too slow.", now=NOW)
    with pytest.raises(Refused) as silent:
        cancel.decline(supervision.pk, " ", now=NOW)
    cancel.decline(supervision.pk, "It is done.", now=NOW)
    cancel.ask(supervision.pk, "Still.", now=NOW)
    cancel.withdraw(supervision.pk, now=NOW)
    assert (silent.value.field, money(supervision)[1]) == ("answer", PRICE)
    does(supervision, B, Act.ACCEPT)
    assert money(supervision)[1:] == (0, PRICE)


@pytest.mark.parametrize(
    ("decision", "status", "held", "owed"),
    [("continue", "running", PRICE, 0), ("accept", "completed", 0, PRICE), ("refund", "refunded", 0, 0)],
)
def test_an_appeal_stands_still_until_an_operator_decides(decision: str, status: str, held: int, owed: int) -> None:
    """§2.10: "flow frozen; operator decides in 3 wd"."""
    supervision = supervised()
    walk(supervision, *TO_ACCEPT, (B, Act.REJECT))
    appeal(supervision.pk, S, "It runs; see the log.", (), by=person(supervision, S), clocks=CLOCKS, now=NOW)
    with pytest.raises(Refused, match=r"supervision\.appealed"):
        does(supervision, S, Act.DELIVER)
    assert ticks(supervision, NOW + 30 * DAY) is not None
    assert (state(supervision)[0], money(supervision)[1]) == ("appealed", PRICE), "APPEALED never moves by timer"
    by = person(supervision, OP)
    with pytest.raises(Refused) as silent:
        decide(supervision.pk, Appeal.Decision(decision), "", by=by, clocks=CLOCKS, now=NOW)
    decide(supervision.pk, Appeal.Decision(decision), "As the log shows.", by=by, clocks=CLOCKS, now=NOW)
    assert (silent.value.field, state(supervision)[0], money(supervision)[1:]) == ("opinion", status, (held, owed))
    with pytest.raises(Refused, match=r"supervision\.no_appeal"):
        decide(supervision.pk, Appeal.Decision.REFUND, "Again.", by=by, clocks=CLOCKS, now=NOW)
    assert ledger.verify().problems == ()


def test_an_appeal_keeps_the_remaining_time() -> None:
    """joint.md §4: due 12-10T00:00, appealed 12-08T12:00, continued 12-15T09:00 → due 12-16T21:00."""
    supervision = supervised("HARDWARE")
    supervision.buyer.phone = "13800138000"
    supervision.buyer.save(update_fields=["phone"])
    sent = NOW + DAY
    walk(supervision, (B, Act.DEMAND), (S, Act.SHIP), now=sent)
    assert again(supervision).due_at == sent + 10 * DAY
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
    assert again(supervision).due_at == continued + timedelta(hours=36)


@pytest.mark.parametrize(("phone", "accepted"), [("13800138000", True), ("13900139000", False)])
def test_goods_count_as_received_after_ten_days_where_the_telephone_is_the_buyers(phone: str, accepted: bool) -> None:
    """§2.10: "auto-accepted 10 days … if receiver phone equals the order's phone, else only manual"."""
    supervision = supervised("HARDWARE")
    supervision.buyer.phone = "+86 138 0013 8000"
    supervision.buyer.save(update_fields=["phone"])
    does(supervision, B, Act.DEMAND, phone=phone)
    does(supervision, S, Act.SHIP)
    ticks(supervision, NOW + 10 * DAY - timedelta(seconds=1))
    assert state(supervision)[0] == "running"
    ticks(supervision, NOW + 10 * DAY)
    assert (state(supervision)[0] == "completed", money(supervision)[1] == 0) == (accepted, accepted)


def test_who_must_act_is_reminded_once_and_both_sides_hear_of_what_is_very_old() -> None:
    """§2.10: ">180 days open → weekly alert"; joint.md §4: by day 180, 181, 187, 188, 195 → 0, 1, 1, 2, 3."""
    supervision = supervised()
    assert timer(supervision) == NOW + 3 * DAY
    ticks(supervision, NOW + 3 * DAY)
    ticks(supervision, NOW + 4 * DAY)
    assert told("delivery_waits") == 1
    found = []
    for day in (180, 181, 187, 188, 195):
        ticks(supervision, NOW + day * DAY)
        found.append((told("delivery_old"), told("seller_delivery_old")))
    assert found == [(0, 0), (1, 1), (1, 1), (2, 2), (3, 3)]


def test_where_the_product_says_so_an_operator_looks_at_each_delivery_first() -> None:
    """§2.10: "Huawei re-review" before the user accepts; sent back, the seller hands in again."""
    supervision = supervised(acceptance_review="yes")
    assert person(supervision, OP).is_operator
    walk(supervision, *TO_ACCEPT)
    assert (state(supervision)[1:3], told("operator_delivery_review")) == (("review", "operator"), 1)
    with pytest.raises(Refused, match=r"supervision\.not_now"):
        does(supervision, B, Act.ACCEPT)
    walk(supervision, (OP, Act.SEND_BACK), (S, Act.DELIVER), (OP, Act.PASS))
    assert state(supervision)[1:3] == ("accept", "buyer")
    does(supervision, B, Act.ACCEPT)
    assert money(supervision)[1:] == (0, PRICE)
