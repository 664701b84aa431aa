"""Correct receivers of order notices (saas-v1-license D1)."""

from __future__ import annotations

from .seller import JsonSeller, Refused, needs


class NoticeSeller(JsonSeller):
    """Store notices and query the market later (saas-v1-license D1)."""

    protocol = "order_notice"
    http = "HTTP/1.0"
    more = {"timestamp": 1764061234567, "success": True, "data": None}

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        if activity != "orderNotify":
            raise Refused("000002")
        needs(members, "orderId", "orderLineId")
        if members.get("testFlag") not in {None, "0", "1"}:
            raise Refused("000002")
        return {}


class AskingNoticeSeller(NoticeSeller):
    """Query the market at once, which knows none of a tester's orders."""

    http = "HTTP/1.1"
    more = {}

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        said = super().act(activity, members)
        if members.get("testFlag") != "1":
            raise Refused("000005")
        return said
