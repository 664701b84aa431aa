"""The rules of the service desk as this market's settings say them."""

from __future__ import annotations

from datetime import tzinfo

from tradepost.market.base.config import Config

from .desk_rules import DeskRules


def desk_rules_of(settings: Config, zone: tzinfo) -> DeskRules:
    return DeskRules(
        demand_workdays=settings.demand_answer_workdays,
        seller_days=settings.customer_demand_days,
        complaint_workdays=settings.complaint_workdays,
        reply_hours=settings.complaint_reply_hours,
        points_unreachable=settings.complaint_points_unreachable,
        points_abuse=settings.complaint_points_abuse,
        points_fake_trade=settings.complaint_points_fake_trade,
        zone=zone,
        closes=settings.review_day_ends,
    )
