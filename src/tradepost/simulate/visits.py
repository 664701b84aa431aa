"""All kinds of visits in a market, as a table: a new feature adds one line."""

from __future__ import annotations

from . import purchases, services, staff
from .looking import VisitAction

VISITS: tuple[tuple[VisitAction, int], ...] = (
    (purchases.buy_product, 20),
    (purchases.try_product, 8),
    (purchases.renew_service, 20),
    (purchases.pay_unpaid, 12),
    (purchases.cancel, 5),
    (services.change_service, 12),
    (services.convert, 14),
    (services.renew_changed, 16),
    (services.set_policy, 12),
    (services.unsubscribe_service, 8),
    (services.request_refund, 5),
    (staff.restart_operation, 12),
    (staff.refund_stopped_order, 5),
    (staff.freeze, 4),
    (staff.unfreeze, 6),
    (staff.release, 2),
    (staff.decide_refund, 5),
    (staff.change_level, 2),
    (staff.top_up, 3),
)
"""With their relative frequencies."""
