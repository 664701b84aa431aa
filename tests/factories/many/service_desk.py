"""Demands and complaints: one buyer of each hundred orders published a demand or complained about the seller."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.secrets import fingerprints, seal
from tradepost.market.service_desk.demands import LINK_PURPOSE
from tradepost.market.service_desk.models import Complaint, CustomerDemand, Demand

from .insert import insert, text

DEMAND_TOKEN = "a-link-that-leads-to-the-demand-of-buyer-1"  # of a market that is filled for a test
OF_THE_BUYER, OPEN = 1, 2
"""Keys of the demand of buyer 1, the complaint about seller 1, and one that waits for an operator."""


def demands_and_complaints() -> None:
    demanded = "o WHERE mod(n, 100) = 1"
    insert(
        Demand, demanded, id="n + 10", status="CASE WHEN mod(n, 2000) = 1 THEN 'open' ELSE 'answered' END", origin=text("page"),
        buyer_id="buyer", contact=text("张三"), email=text("zhang@many.example"), language=text("zh-hans"),
        requirement=text("一套能离线使用的考勤系统"), token_hash="'hash-' || n", sealed_token=text("sealed"), created_at="at",
        due_at="at + interval '3 days'", answer=text("可以"), ended_at="at",
    )  # fmt: skip
    insert(
        CustomerDemand, demanded, id="n + 10", demand_id="n + 10", seller_id="seller", status=text("declined"), passed_at="at",
        passed_by=text("op@many.example"), until="at + interval '5 days'",
    )  # fmt: skip
    insert(
        Complaint, demanded, id="n + 10", buyer_id="buyer", seller_id="seller", order_id="n", about="'order ' || n",
        reason=text("support"), text=text("没有人接电话"),
        status="CASE WHEN mod(n, 2000) = 1 THEN 'replied' WHEN mod(n, 500) = 1 THEN 'upheld' ELSE 'not_upheld' END",
        created_at="at", reply_until="at + interval '2 days'", due_at="at + interval '5 days'", ended_at="at",
    )  # fmt: skip


def rows_of_the_first(now: datetime) -> None:
    """Insert rows of buyer 1 and seller 1 for addresses, events and timers."""
    common = {
        "contact": "张三", "email": "zhang@many.example", "language": "zh-hans", "requirement": "一套能离线使用的考勤系统",
        "created_at": now, "due_at": now,
    }  # fmt: skip
    Demand.objects.create(
        pk=OF_THE_BUYER, status="with_seller", buyer_id=1, token_hash=fingerprints(LINK_PURPOSE, DEMAND_TOKEN)[0],
        sealed_token=seal(DEMAND_TOKEN), **common,
    )  # fmt: skip
    Demand.objects.create(pk=OPEN, token_hash="of another", sealed_token=seal("of another"), **common)
    CustomerDemand.objects.create(
        pk=OF_THE_BUYER, demand_id=OF_THE_BUYER, seller_id=1, passed_at=now, passed_by="op@many.example", until=now
    )
    Complaint.objects.create(
        pk=OF_THE_BUYER, buyer_id=1, seller_id=1, product_id=1, about="seller", reason="support", text="没有人接电话",
        created_at=now, reply_until=now, due_at=now,
    )  # fmt: skip
