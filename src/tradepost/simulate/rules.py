"""Rules that must always hold, as queries that return violations (operations §6): the service's key, if any, and a
description. ``at_rest``: rules that hold once a worker has finished all due work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base import rows


@dataclass(frozen=True, slots=True)
class Violation:
    """A violated rule, with the service and the observation."""

    rule: str
    subscription: int | None
    seen: str

    def __str__(self) -> str:
        service_text = f" (service {self.subscription})" if self.subscription is not None else ""
        return f"{self.rule}{service_text}: {self.seen}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``finds``: SQL of SQLite; ``:now`` is the time, ``:under_way`` the running operations of the service ``s``."""

    name: str
    finds: str
    at_rest: bool = False


_OPERATION_UNDER_WAY = """SELECT 1 FROM fulfilment_operation o WHERE o.subscription_id = s.id AND (
  (o.kind = 'release' AND o.status <> 'dropped') OR (o.status IN ('queued', 'running') AND o.kind NOT IN ('freeze', 'unfreeze')))"""
"""Operations that change the end of a service, or end it."""

RULES = (
    Rule(
        name="periods do not overlap",
        finds="""SELECT a.subscription_id, 'periods ' || a.id || ' and ' || b.id FROM subscriptions_period a
          JOIN subscriptions_period b ON b.subscription_id = a.subscription_id AND b.id > a.id
           AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
          WHERE a.cancelled_at IS NULL AND a.kind <> 'change' AND b.cancelled_at IS NULL AND b.kind <> 'change'""",
    ),
    Rule(
        name="paid time has no gap but after an ended trial",
        finds="""SELECT p.subscription_id, 'period ' || p.id || ' begins at ' || p.starts_at FROM (
            SELECT id, subscription_id, starts_at, lag(ends_at) OVER each AS former, lag(kind) OVER each AS former_kind
            FROM subscriptions_period WHERE cancelled_at IS NULL AND kind <> 'change'
            WINDOW each AS (PARTITION BY subscription_id ORDER BY starts_at)) p
          WHERE p.former <> p.starts_at AND NOT (p.former_kind = 'trial' AND p.former < p.starts_at)""",
    ),
    Rule(
        name="the last period ends the service",
        finds="""SELECT s.id, 'ends at ' || COALESCE(s.expires_at, 'no time') || ', paid until ' || p.ends
          FROM subscriptions_subscription s JOIN (SELECT subscription_id, MAX(ends_at) AS ends
           FROM subscriptions_period WHERE cancelled_at IS NULL AND kind <> 'change' GROUP BY subscription_id) p ON p.subscription_id = s.id
          WHERE s.expires_at IS NOT p.ends""",
    ),
    Rule(
        name="a change lies within the time that is paid",
        finds="""SELECT c.subscription_id, 'period ' || c.id FROM subscriptions_period c
          WHERE c.kind = 'change' AND c.cancelled_at IS NULL AND NOT EXISTS (SELECT 1 FROM subscriptions_period p
           WHERE p.subscription_id = c.subscription_id AND p.kind <> 'change' AND p.cancelled_at IS NULL
            AND p.starts_at <= c.starts_at AND c.ends_at <= p.ends_at)""",
    ),
    Rule(
        name="nothing that was paid back is live",
        finds="""SELECT l.subscription_id, 'order ' || o.id FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
          LEFT JOIN subscriptions_subscription s ON s.order_line_number = l.number
          WHERE o.status IN ('refunded', 'cancelled') AND (s.status IN ('opening', 'active', 'frozen')
           OR EXISTS (SELECT 1 FROM subscriptions_period p JOIN subscriptions_subscription h ON h.id = p.subscription_id
            WHERE p.line_number = l.number AND p.cancelled_at IS NULL AND h.status IN ('active', 'frozen')))""",
    ),
    Rule(
        name="no more is paid back than was paid",
        finds="""SELECT NULL, 'order ' || o.id || ': ' || back.sum || ' of ' || o.total_minor FROM orders_order o JOIN (
            SELECT t.order_number, SUM(e.amount_minor) AS sum FROM payments_transfer t
            JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
            WHERE t.reason = 'refund' AND a.kind = 'buyer' GROUP BY t.order_number) back ON back.order_number = o.number
          WHERE back.sum > o.total_minor""",
    ),
    Rule(
        name="what is held is what was paid and has not begun",
        finds="""SELECT l.subscription_id, 'order ' || o.id || ' (' || o.status || ') holds ' || COALESCE(h.sum, 0)
            || ', of what has not begun ' || (CASE o.status WHEN 'processing' THEN o.total_minor
              WHEN 'completed' THEN COALESCE(p.sum, 0) ELSE 0 END)
          FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
          LEFT JOIN (SELECT t.order_number, SUM(e.amount_minor) AS sum FROM payments_transfer t
            JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
            WHERE a.kind = 'clearing' GROUP BY t.order_number) h ON h.order_number = o.number
          LEFT JOIN (SELECT line_number, SUM(paid_minor) AS sum FROM subscriptions_period
            WHERE cancelled_at IS NULL AND earned_at IS NULL GROUP BY line_number) p ON p.line_number = l.number
          WHERE COALESCE(h.sum, 0) <> CASE o.status WHEN 'processing' THEN o.total_minor
            WHEN 'completed' THEN COALESCE(p.sum, 0) ELSE 0 END""",
    ),
    Rule(
        name="nothing is earned before its time begins",
        finds="""SELECT p.subscription_id, 'period ' || p.id || ' from ' || p.starts_at || ' was earned at '
            || COALESCE(t.at, p.earned_at)
          FROM subscriptions_period p LEFT JOIN payments_transfer t ON t.reason = 'earned' AND t.reference = p.line_number
          WHERE p.kind <> 'change' AND (p.earned_at < p.starts_at OR t.at < p.starts_at)""",
    ),
    Rule(
        name="a period costs what its line does",
        finds="""SELECT p.subscription_id, 'period ' || p.id || ': ' || p.paid_minor || ', not ' || l.amount_minor
          FROM subscriptions_period p JOIN orders_orderline l ON l.number = p.line_number
          WHERE p.kind <> 'change' AND p.paid_minor <> l.amount_minor""",
    ),
    Rule(
        name="what runs waits for a call or its end",
        finds="""SELECT o.subscription_id, 'operation ' || o.id || ' (' || o.kind || ')' FROM fulfilment_operation o
          LEFT JOIN production_call c ON c.id = o.call_id
          WHERE o.status = 'running' AND (c.id IS NULL OR (c.state = 3 AND NOT EXISTS (
           SELECT 1 FROM base_event e WHERE e.name = 'call_ended' AND e.facts ->> 'call' = c.id)))""",
    ),
    Rule(
        name="one thing at a time is done to a service",
        finds="""SELECT MIN(subscription_id), lane || ' runs ' || count(*) FROM fulfilment_operation
          WHERE status = 'running' GROUP BY lane HAVING count(*) > 1""",
    ),
    Rule(
        name="what is queued waits for something that runs",
        finds="""SELECT q.subscription_id, 'operation ' || q.id || ' (' || q.kind || ')' FROM fulfilment_operation q
          WHERE q.status = 'queued' AND NOT EXISTS (
           SELECT 1 FROM fulfilment_operation r WHERE r.lane = q.lane AND r.status = 'running')""",
    ),
    Rule(
        name="what was paid is being done",
        finds="""SELECT l.subscription_id, 'order ' || o.id FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
          WHERE o.status = 'processing' AND NOT EXISTS (SELECT 1 FROM fulfilment_operation p WHERE p.line_id = l.id
            AND p.status IN ('queued', 'running', 'stopped'))
           AND NOT EXISTS (SELECT 1 FROM base_event e WHERE e.name = 'order_paid' AND e.facts ->> 'order' = o.number)""",
    ),
    Rule(
        name="frozen if and only if a reason stands",
        finds="""SELECT s.id, s.status FROM subscriptions_subscription s WHERE s.status IN ('active', 'frozen')
          AND (s.status = 'frozen') <> EXISTS (
           SELECT 1 FROM subscriptions_freeze f WHERE f.subscription_id = s.id AND f.lifted_at IS NULL)""",
    ),
    Rule(
        name="frozen for its end is what has ended",
        finds="""SELECT s.id, 'paid until ' || s.expires_at FROM subscriptions_subscription s
          JOIN subscriptions_freeze f ON f.subscription_id = s.id AND f.reason = 'expired' AND f.lifted_at IS NULL
          WHERE s.status = 'frozen' AND s.expires_at > :now""",
    ),
    Rule(
        name="a trial is given once",
        finds="""SELECT NULL, 'buyer ' || o.buyer_id || ' has ' || count(*) FROM orders_order o
          JOIN orders_orderline l ON l.order_id = o.id JOIN catalog_offer f ON f.id = l.offer_id
          JOIN catalog_sku k ON k.id = f.sku_id
          WHERE o.order_type = 'TRIAL' AND o.status NOT IN ('cancelled', 'refunded')
          GROUP BY o.buyer_id, k.spec_id HAVING count(*) > 1""",
    ),
    # The service may end while a refunded unsubscription is waiting to be sent to the seller (decision 0045).
    Rule(
        name="one order at a time is about a service",
        finds="""SELECT l.subscription_id, 'orders ' || group_concat(o.id) FROM orders_order o
          JOIN orders_orderline l ON l.order_id = o.id WHERE l.subscription_id IS NOT NULL
           AND o.order_type NOT IN ('NEW', 'TRIAL') AND o.status IN ('unpaid', 'processing')
          GROUP BY l.subscription_id
          HAVING count(*) > 1 AND (sum(o.order_type != 'UNSUBSCRIBE') > 0 OR count(*) > 2)""",
    ),
    Rule(
        name="our own part of a call never fails",
        finds="""SELECT c.subscription_id, 'call ' || c.id || ': ' || t.detail FROM production_attempt t
          JOIN production_call c ON c.id = t.call_id WHERE t.verdict IN ('internal', 'no_key')""",
    ),
    Rule(
        name="what has begun is earned",
        at_rest=True,
        finds="""SELECT p.subscription_id, 'period ' || p.id || ' began at ' || p.starts_at FROM subscriptions_period p
          JOIN subscriptions_subscription s ON s.id = p.subscription_id WHERE p.cancelled_at IS NULL
           AND p.earned_at IS NULL AND p.starts_at <= :now AND s.status IN ('active', 'frozen')""",
    ),
    Rule(
        name="when it ends its grace begins",
        at_rest=True,
        finds="""SELECT id, 'paid until ' || expires_at FROM subscriptions_subscription
          WHERE status IN ('active', 'frozen') AND expires_at <= :now AND freeze_at IS NULL""",
    ),
    Rule(
        name="after its grace it is frozen",
        at_rest=True,
        finds="""SELECT s.id, 'usable until ' || s.freeze_at FROM subscriptions_subscription s
          WHERE s.status IN ('active', 'frozen') AND s.freeze_at <= :now AND s.release_at > s.freeze_at
           AND NOT EXISTS (SELECT 1 FROM subscriptions_freeze f WHERE f.subscription_id = s.id
            AND f.reason = 'expired' AND f.lifted_at IS NULL) AND NOT EXISTS (:under_way)""",
    ),
    Rule(
        name="after its retention it is released",
        at_rest=True,
        finds="""SELECT s.id, 'kept until ' || s.release_at FROM subscriptions_subscription s
          WHERE s.status IN ('active', 'frozen') AND s.release_at <= :now AND s.freeze_at IS NOT NULL
           AND NOT EXISTS (:under_way)""",
    ),
    Rule(
        name="what is not paid in time is cancelled",
        at_rest=True,
        finds="""SELECT NULL, 'order ' || id FROM orders_order WHERE status = 'unpaid' AND pay_before <= :now""",
    ),
    Rule(
        name="nothing fails inside",
        finds="""SELECT NULL, name || ': ' || error FROM base_event WHERE error <> ''
          UNION ALL SELECT NULL, kind || ': ' || error FROM base_job WHERE error <> ''""",
    ),
)


def violations(now: datetime, *, at_rest: bool) -> Iterator[Violation]:
    """Yield the rules that are violated now."""
    for rule in RULES:
        if rule.at_rest and not at_rest:
            continue
        text = rule.finds.replace(":under_way", _OPERATION_UNDER_WAY)
        times = text.count(":now")
        for subscription, observation in rows.run(text.replace(":now", "%s"), [rows.moment(now)] * times):
            yield Violation(rule.name, subscription, str(observation).strip()[-300:])
