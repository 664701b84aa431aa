"""Consistency check of usage records that PostgreSQL does not enforce (decision 0064): each refers to an existing push
and seller that match its service, and each push has as many records as it says.

Reads both tables completely, so it runs on request: in ``tradepost doctor`` and the check of the books.
"""

from __future__ import annotations

from tradepost.market.base import rows

MAX_REPORTED = 10
"""Maximum number of reported problems of each kind."""
_WRONG_PUSH = """
SELECT r.id, r.push_id, r.seller_id FROM metering_record r
WHERE NOT EXISTS (SELECT 1 FROM metering_push p WHERE p.id = r.push_id AND p.seller_id = r.seller_id)
ORDER BY r.id LIMIT %s
"""
_WRONG_SERVICE = """
SELECT r.id, r.subscription_id, r.seller_id FROM metering_record r
WHERE NOT EXISTS (SELECT 1 FROM subscriptions_subscription s WHERE s.id = r.subscription_id AND s.seller_id = r.seller_id)
ORDER BY r.id LIMIT %s
"""
_WRONG_COUNT = """
SELECT p.id, p.accepted, COALESCE(r.there, 0) FROM metering_push p
 LEFT JOIN (SELECT push_id, COUNT(*) AS there FROM metering_record WHERE sign = 1 GROUP BY push_id) AS r ON r.push_id = p.id
WHERE p.accepted <> COALESCE(r.there, 0) ORDER BY p.id LIMIT %s
"""


def problems() -> list[str]:
    """Return the problems, in English."""
    return [
        *(
            f"usage record {pk} names push {push} of seller {seller}, and there is none"
            for pk, push, seller in rows.run(_WRONG_PUSH, [MAX_REPORTED])
        ),
        *(
            f"usage record {pk} is of seller {seller}, and its service {service} is not"
            for pk, service, seller in rows.run(_WRONG_SERVICE, [MAX_REPORTED])
        ),
        *(
            f"usage push {pk} accepted {accepted} records, and {stored} are there"
            for pk, accepted, stored in rows.run(_WRONG_COUNT, [MAX_REPORTED])
        ),
    ]
