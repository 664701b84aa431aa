"""Complaints about sellers (business-rules §9 "unreachable sellers", §1.6, §17.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.factories import NOW
from tests.market.at_once import at_once
from tests.market.engine import react
from tests.market.notifications.telling import handle_events_twice, notice_titles, seller_with
from tests.market.service_desk.asking import LATER, RULES, make_complaint
from tradepost.market import wiring
from tradepost.market.base import jobs
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.notifications.messages import policy_of
from tradepost.market.service_desk.complaint_queries import record_of
from tradepost.market.service_desk.complaints import TIMER, RaiseComplaint, Subject, complain, decide, reply, withdraw
from tradepost.market.service_desk.models import Complaint

pytestmark = pytest.mark.django_db

POINTS = [
    ("unreachable", False, 20),  # §17.6: "seller unreachable for 48 h …: 20 points"
    ("unreachable", True, 0),  # a seller that replied was reachable
    ("abuse", False, 30),  # §17.6: "abuse of users or platform: 30 points"
    ("abuse", True, 30),
    ("fake_trade", True, 10),  # §1.6: "Fake trades or reviews: 10"
    ("steered_away", False, 0),  # §1.6 gives no number
    ("not_as_sold", True, 0),
    ("support", False, 0),
    ("other", False, 0),
]


@pytest.mark.parametrize(("reason", "replied", "points"), POINTS)
def test_points_follow_the_rules(reason: str, replied: bool, points: int) -> None:
    assert RULES.points(reason, replied=replied) == points


def test_no_reason_names_reviews_because_the_market_has_none() -> None:
    assert not [label for label in Complaint.Reason.labels if "review" in label.lower()]


def test_seller_has_48_hours_before_an_operator_upholds_the_complaint() -> None:
    """§17.6: "unreachable for 48 h after phone, SMS, mail and in-site message of the platform: 20 points"."""
    seller, buyer, operator = seller_with(), factories.make_buyer(language="en"), factories.make_operator()
    one = make_complaint(buyer, seller)
    handle_events_twice()
    assert policy_of("seller_complaint").sms
    assert policy_of("seller_complaint").mandatory
    assert notice_titles(seller.members.get().user) == ["A buyer complains about you: The seller cannot be reached"]
    with pytest.raises(Refused, match=r"complaint\.early"):
        decide(one, "no answer", upheld=True, by=operator, rules=RULES, now=LATER - timedelta(seconds=1))
    jobs.run_due({TIMER: wiring.TASKS[TIMER]}, now=LATER)
    handle_events_twice(now=LATER)
    assert Complaint.objects.get().status == "unanswered"
    assert notice_titles(buyer)[0] == f"{seller.name_en} has not replied to your complaint"
    decide(one, "It did not answer us either.", upheld=True, by=operator, rules=RULES, now=LATER)
    handle_events_twice(now=LATER)
    complaint = Complaint.objects.get()
    assert (complaint.status, complaint.points, complaint.decision) == ("upheld", 20, "It did not answer us either.")
    assert notice_titles(buyer)[0] == f"Your complaint about {seller.name_en} was upheld"
    assert notice_titles(seller.members.get().user)[0] == "A complaint about you was upheld"
    record = record_of(seller, now=LATER)
    assert (record.upheld, record.unreachable, record.points) == (1, 1, 20)
    assert record_of(seller, now=LATER + timedelta(days=365)).points == 0
    with pytest.raises(IllegalTransition):
        decide(one, "again", upheld=False, by=operator, rules=RULES, now=LATER)


def test_seller_replies_once() -> None:
    one, seller_person, operator = make_complaint(), factories.make_buyer(), factories.make_operator()
    reply(one, "we called back", by=seller_person, now=NOW)
    assert not Job.objects.filter(kind=TIMER).exists()
    with pytest.raises(IllegalTransition):
        reply(one, "and once more", by=seller_person, now=NOW)
    decide(one, "It was reached.", upheld=True, by=operator, rules=RULES, now=NOW)
    complaint = Complaint.objects.get()
    assert (complaint.reply, complaint.status, complaint.points) == ("we called back", "upheld", 0)


def test_late_reply_counts_until_the_decision() -> None:
    complaint = make_complaint()
    jobs.run_due({TIMER: wiring.TASKS[TIMER]}, now=LATER)
    reply(complaint, "sorry", by=factories.make_buyer(), now=LATER)
    assert Complaint.objects.get().status == "replied"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no reason": ({"reason": ""}, "reason"),
    "an unknown reason": ({"reason": "x"}, "reason"),
    "nothing said": ({"text": " "}, "text"),
    "too much": ({"text": "x" * 2001}, "text"),
    "a foreign document": ({"proofs": ("0" * 64,)}, "proof"),
}


@pytest.mark.parametrize("invalid", WRONG)
def test_invalid_complaint_is_refused_and_nothing_changes(invalid: str) -> None:
    fields, field = WRONG[invalid]
    buyer, seller = factories.make_buyer(balance="0"), factories.make_seller()
    with pytest.raises(Refused) as refused:
        make_complaint(buyer, seller, **fields)
    assert refused.value.field == field
    assert (Complaint.objects.count(), Event.objects.count(), Job.objects.filter(kind=TIMER).count()) == (0, 0, 0)


def test_users_cannot_complain_about_or_decide_their_own_company() -> None:
    member, buyer = factories.make_operator(), factories.make_operator()
    seller = factories.make_seller(member=member)
    with pytest.raises(Refused, match=r"complaint\.own"):
        make_complaint(member, seller)
    complaint = make_complaint(buyer, seller)
    for party in (member, buyer):
        with pytest.raises(Refused, match=r"complaint\.party"):
            decide(complaint, "mine", upheld=False, by=party, rules=RULES, now=LATER)
    assert Complaint.objects.get().status == "asked"


def test_daily_complaints_of_a_buyer_are_limited() -> None:
    buyer = factories.make_buyer()
    for _ in range(5):
        make_complaint(buyer)
    with pytest.raises(Refused, match=r"complaint\.too_many") as refused:
        make_complaint(buyer)
    assert (refused.value.status, refused.value.wait) == (429, 86_400)
    make_complaint(buyer, now=NOW + timedelta(days=1))
    assert Complaint.objects.count() == 6


def test_only_its_buyer_withdraws_a_complaint_and_the_seller_is_notified() -> None:
    """§1.6: "Impersonating a user to withdraw a complaint" is a violation: no page but the buyer's does it."""
    seller = seller_with()
    complaint = make_complaint(seller=seller)
    withdraw(complaint, now=NOW)
    handle_events_twice()
    assert (Complaint.objects.get().status, Job.objects.filter(kind=TIMER).count()) == ("withdrawn", 0)
    assert notice_titles(seller.members.get().user)[0] == "A buyer withdrew a complaint about you"
    with pytest.raises(IllegalTransition):
        reply(complaint, "but", by=factories.make_buyer(), now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_tabs_make_one_complaint() -> None:
    buyer, product = factories.make_buyer(), factories.make_product()
    command = RaiseComplaint(about=Subject(seller=product.seller, product=product), reason="support", text="no answer")
    tabs = [lambda: complain(buyer, command, rules=RULES, a_day=5, now=NOW)] * 3
    assert sorted(at_once(tabs)) == ["complaint.open", "complaint.open", "done"]
    withdraw(Complaint.objects.get(), now=NOW)
    complain(buyer, command, rules=RULES, a_day=5, now=NOW)
    react(now=NOW)
