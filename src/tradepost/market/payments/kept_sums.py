"""Balances of the accounts that every payment passes through, without summing all that was ever booked.

The ledger is append-only and those accounts keep no balance, since a row that all payments change would make them wait for
each other. So each has a sum of its entries up to one of them, moved on now and then, and its balance is that sum and
what was booked since. So has each kind of account, as a row of ``KindTotal``: what all buyers have together is known without
reading all buyers. ``ledger.verify`` checks the sums too.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import Max

from tradepost.market.base import rows

from .models import Account, KindTotal, Transfer

log = structlog.get_logger(__name__)

EVERY = 1000
"""Transfers after which the sums are moved on: what is left to add up for a balance is never much more."""
PATIENCE = "100ms"
"""How long it waits for payments that are being written, and makes others wait. If that is too short, the next time comes."""

MOVE_ON = """
UPDATE payments_account SET summed_minor = summed_minor + booked.total, summed_through = newest.last
FROM (SELECT account_id, SUM(amount_minor) AS total FROM payments_entry WHERE id > %s GROUP BY account_id) AS booked,
 (SELECT MAX(id) AS last FROM payments_entry) AS newest WHERE booked.account_id = payments_account.id AND payments_account.kind <> 'buyer'
"""

TOTALS_ON = """
INSERT INTO payments_kindtotal (kind, currency, summed_minor, summed_through)
SELECT a.kind, a.currency, SUM(e.amount_minor), (SELECT MAX(id) FROM payments_entry)
FROM payments_entry e JOIN payments_account a ON a.id = e.account_id
WHERE e.id > %s GROUP BY a.kind, a.currency
ON CONFLICT (kind, currency) DO UPDATE SET
 summed_minor = payments_kindtotal.summed_minor + excluded.summed_minor, summed_through = excluded.summed_through
"""


def after(transfers: Iterable[Transfer]) -> None:
    """Whoever books each thousandth transfer moves the sums on, when its own transaction is done."""
    if any(transfer.pk % EVERY == 0 for transfer in transfers):
        transaction.on_commit(move_on, robust=True)


def move_on() -> bool:
    """Bring the sums up to the latest entry. Returns whether that was possible; if not, every balance is right as it was.

    Entries get their numbers before they are committed: without the lock, one with a smaller number could appear behind
    the sum that should hold it.
    """
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                rows.run(f"SET LOCAL lock_timeout = '{PATIENCE}'", [])
                rows.run("LOCK TABLE payments_entry IN SHARE ROW EXCLUSIVE MODE", [])
            # Each transfer has a side on one that is no buyer's.
            others = Account.objects.exclude(kind=Account.Kind.BUYER)
            through = others.aggregate(through=Max("summed_through"))["through"] or 0
            rows.run(MOVE_ON, [through])
            rows.run(TOTALS_ON, [KindTotal.objects.aggregate(through=Max("summed_through"))["through"] or 0])
    except OperationalError as busy:
        log.info("the sums of accounts were not moved on", reason=str(busy))
        return False
    return True
