"""Balances of the accounts in every payment, without summing all entries.

Those accounts store no balance, because a row that every payment updates would make payments wait. Each stores the sum
of its entries up to a mark, which is advanced from time to time; its balance adds later entries. ``KindTotal`` stores
the same per kind of account, so totals do not read every buyer. ``ledger.verify`` checks the sums.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from tradepost.market.base import rows

from . import day_totals
from .models import Account, KindTotal, Transfer

log = structlog.get_logger(__name__)

TRANSFERS_PER_UPDATE = 1000
"""Number of transfers after which sums are advanced, which bounds the entries to add for a balance."""
LOCK_TIMEOUT = "100ms"
"""Lock timeout of the update; payments wait no longer. After a timeout, the next update retries."""

ADVANCE_ACCOUNTS = """
UPDATE payments_account SET summed_minor = summed_minor + booked.total, summed_through = newest.last
FROM (SELECT account_id, SUM(amount_minor) AS total FROM payments_entry WHERE id > %s GROUP BY account_id) AS booked,
 (SELECT MAX(id) AS last FROM payments_entry) AS newest WHERE booked.account_id = payments_account.id AND payments_account.kind <> 'buyer'
"""

ADVANCE_TOTALS = """
INSERT INTO payments_kindtotal (kind, currency, summed_minor, summed_through)
SELECT a.kind, a.currency, SUM(e.amount_minor), (SELECT MAX(id) FROM payments_entry)
FROM payments_entry e JOIN payments_account a ON a.id = e.account_id
WHERE e.id > %s GROUP BY a.kind, a.currency
ON CONFLICT (kind, currency) DO UPDATE SET
 summed_minor = payments_kindtotal.summed_minor + excluded.summed_minor, summed_through = excluded.summed_through
"""


def after_booking(transfers: Iterable[Transfer]) -> None:
    """Advance the sums after the commit if one of these transfers is the thousandth."""
    if any(transfer.pk % TRANSFERS_PER_UPDATE == 0 for transfer in transfers):
        transaction.on_commit(advance_sums, robust=True)


def advance_sums() -> bool:
    """Advance the sums to the latest entry, and return whether it succeeded. Balances are correct either way.

    The lock is necessary because entries get their keys before they are committed: a smaller key could otherwise appear
    after the sum.
    """
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                rows.run(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'", [])
                rows.run("LOCK TABLE payments_entry IN SHARE ROW EXCLUSIVE MODE", [])
            # Every transfer has an entry on an account that is not a buyer's.
            market_accounts = Account.objects.exclude(kind=Account.Kind.BUYER)
            through = market_accounts.aggregate(through=Max("summed_through"))["through"] or 0
            rows.run(ADVANCE_ACCOUNTS, [through])
            through = KindTotal.objects.aggregate(through=Max("summed_through"))["through"] or 0
            day_totals.advance(str(timezone.get_default_timezone()))
            rows.run(ADVANCE_TOTALS, [through])
    except OperationalError as error:
        log.info("the sums of accounts were not moved on", reason=str(error))
        return False
    return True
