"""Helpers for tests of the service desk: its rules, and demands and complaints as people make them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests import factories
from tests.factories import NOW
from tradepost.market.identity.models import Seller, User
from tradepost.market.service_desk.complaints import RaiseComplaint, Subject, complain
from tradepost.market.service_desk.customer_demands import forward_to_seller
from tradepost.market.service_desk.demand_mail import Problem
from tradepost.market.service_desk.demands import Allowance, Raised, RaiseDemand, raise_demand
from tradepost.market.service_desk.desk_rules import DeskRules
from tradepost.market.service_desk.models import Complaint, CustomerDemand, Demand, ReceivedMail

RULES = DeskRules(
    demand_workdays=3, seller_days=5, complaint_workdays=5, reply_hours=48, points_unreachable=20, points_abuse=30,
    points_fake_trade=10, zone=ZoneInfo("Asia/Shanghai"),
)  # fmt: skip
WALL = datetime.fromisoformat("2026-03-02T10:00:00+00:00")
REQUIREMENT = "一套能离线使用的考勤系统，50 人"


def demand_form(**fields: Any) -> RaiseDemand:
    defaults = {
        "contact": "张三",
        "email": "zhang@x.example",
        "phone": "",
        "requirement": REQUIREMENT,
        "language": "en",
    }
    return RaiseDemand(**(defaults | fields))


def raise_new_demand(who: str = "network 192.0.2.1", *, a_day: int = 5, now: datetime = NOW, **fields: Any) -> Raised:
    return raise_demand(demand_form(**fields), rules=RULES, allowed=Allowance(who=who, a_day=a_day, wall=WALL), now=now)


def pass_to_seller(
    seller: Seller | None = None, demand: Demand | None = None, *, now: datetime = NOW
) -> CustomerDemand:
    demand = demand or raise_new_demand(now=now).demand
    return forward_to_seller(
        demand, seller or factories.make_seller(), "please", by="op@m.example", rules=RULES, now=now
    )


def make_complaint(
    buyer: User | None = None,
    seller: Seller | None = None,
    *,
    reason: str = "unreachable",
    now: datetime = NOW,
    **fields: Any,
) -> Complaint:
    about = Subject(seller=seller or factories.make_seller())
    arguments: dict[str, Any] = {"about": about, "reason": reason, "text": "nobody answers the telephone"} | fields
    return complain(buyer or factories.make_buyer(), RaiseComplaint(**arguments), rules=RULES, a_day=5, now=now)


LATER = NOW + timedelta(hours=48)


def problem_mail(
    subject: str = "Offer", *, text: str = "We need a log audit system.", now: datetime = NOW
) -> ReceivedMail:
    """Return the subject of a mail that became no demand."""
    return ReceivedMail.objects.create(
        key=f"{subject} {ReceivedMail.objects.count()}", sender="li@acme.example", subject=subject, text=text,
        problem=Problem.SUBJECT.value, received_at=now,
    )  # fmt: skip
