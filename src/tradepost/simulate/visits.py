"""What happens in a market, as a table: what a market learns to do comes in as one line."""

from __future__ import annotations

from . import purchases, services, staff
from .looking import Visit

VISITS: tuple[tuple[Visit, int], ...] = (
    (purchases.buys, 20),
    (purchases.tries, 8),
    (purchases.renews, 20),
    (purchases.pays, 12),
    (purchases.cancels, 5),
    (services.changes, 12),
    (services.converts, 14),
    (services.asks_and_renews_changed, 16),
    (services.sets_policy, 12),
    (services.unsubscribes, 8),
    (services.asks_for_a_refund, 5),
    (staff.restarts, 12),
    (staff.pays_back, 5),
    (staff.freezes, 4),
    (staff.lifts, 6),
    (staff.releases, 2),
    (staff.decides, 5),
    (staff.gives_a_level, 2),
    (staff.tops_up, 3),
)
"""With how often each comes, beside the others."""
