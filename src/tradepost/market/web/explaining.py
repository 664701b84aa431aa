"""Price breakdowns for all three sites. Each reader sees only the parts of their role."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from tradepost.market.billing.usage_months import paid_months
from tradepost.market.orders.explain_queries import service_facts
from tradepost.market.orders.explain_statement import UsageRow, service_statement
from tradepost.market.orders.explained import ExplainedAmount, Kind, Verdict
from tradepost.market.subscriptions.models import Subscription


def explanation(explanations: Iterable[ExplainedAmount], visible: Collection[Kind]) -> dict[str, Any]:
    """Return the context of ``web/parts/explained.html`` for an order."""
    visible_explanations = [explained for explained in explanations if explained.kind in visible]
    return {"explained": visible_explanations, "all_same": _all_same(visible_explanations)}


def explanation_of_service(service: Subscription, visible: Collection[Kind]) -> dict[str, Any]:
    """Return the same context for a service: all its orders and the payments for its usage."""
    usage = [UsageRow(row.month, row.paid) for row in paid_months(service)] if service.offer.charging.postpaid else []
    statement = service_statement(service_facts(service), visible, usage=usage)
    return {"statement": statement, "explained": statement.sums, "all_same": _all_same(statement.explanations)}


def _all_same(explanations: Iterable[ExplainedAmount]) -> bool:
    return all(explained.verdict is Verdict.SAME for explained in explanations)
