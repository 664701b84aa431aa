"""What must hold of usage records, which PostgreSQL does not hold itself (decision 0064): each names a push and a seller that are
there, and that are its service's; and a push took as many as it says.

Both tables are read whole, so it runs when asked for: by ``tradepost doctor``, and where the books are checked.
"""

from __future__ import annotations

from tradepost.market.base import rows

MOST = 10
"""Named of each kind: where one is wrong, many are."""
_PUSHED = """
SELECT r.id, r.push_id, r.seller_id FROM metering_record r
WHERE NOT EXISTS (SELECT 1 FROM metering_push p WHERE p.id = r.push_id AND p.seller_id = r.seller_id)
ORDER BY r.id LIMIT %s
"""
_SERVED = """
SELECT r.id, r.subscription_id, r.seller_id FROM metering_record r
WHERE NOT EXISTS (SELECT 1 FROM subscriptions_subscription s WHERE s.id = r.subscription_id AND s.seller_id = r.seller_id)
ORDER BY r.id LIMIT %s
"""
_COUNTED = """
SELECT p.id, p.accepted, COALESCE(r.there, 0) FROM metering_push p
 LEFT JOIN (SELECT push_id, COUNT(*) AS there FROM metering_record WHERE sign = 1 GROUP BY push_id) AS r ON r.push_id = p.id
WHERE p.accepted <> COALESCE(r.there, 0) ORDER BY p.id LIMIT %s
"""


def problems() -> list[str]:
    """What does not hold, in English; empty where all is well."""
    return [
        *(
            f"usage record {pk} names push {push} of seller {seller}, and there is none"
            for pk, push, seller in rows.run(_PUSHED, [MOST])
        ),
        *(
            f"usage record {pk} is of seller {seller}, and its service {service} is not"
            for pk, service, seller in rows.run(_SERVED, [MOST])
        ),
        *(
            f"usage push {pk} accepted {accepted} records, and {there} are there"
            for pk, accepted, there in rows.run(_COUNTED, [MOST])
        ),
    ]
