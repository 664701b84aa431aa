"""What every template may use: the market's settings for people, and the sandbox's clock."""

from __future__ import annotations

from django.http import HttpRequest

from tradepost.market.base.config import config


def market(request: HttpRequest) -> dict[str, object]:
    return {"sandbox": config().sandbox, "now": getattr(request, "now", None), "support_email": config().support_email}
