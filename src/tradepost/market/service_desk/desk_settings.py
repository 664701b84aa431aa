"""Build the rules of the service desk from the market's settings."""

from __future__ import annotations

from datetime import tzinfo

from tradepost.market.base.config import Config

from .desk_rules import DeskRules


def desk_rules_of(settings: Config, zone: tzinfo) -> DeskRules:
    return DeskRules(
        demand_workdays=settings.service_desk.demand_answer_workdays,
        seller_days=settings.service_desk.customer_demand_days,
        complaint_workdays=settings.service_desk.complaint_workdays,
        reply_hours=settings.service_desk.complaint_reply_hours,
        points_unreachable=settings.service_desk.complaint_points_unreachable,
        points_abuse=settings.service_desk.complaint_points_abuse,
        points_fake_trade=settings.service_desk.complaint_points_fake_trade,
        zone=zone,
        closes=settings.review_day_ends,
    )
