"""Query the usage: what the seller has counted, shown as it was said (saas-v2 §3.2)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Intent, Nothing
from tradepost.protocols.commands import Query


class QueryUsage(Defaults[Nothing]):
    name, title, wanted = "query_usage", pgettext_lazy("operation", "Query the usage"), Nothing
    refundable, prolongs, ends = True, False, False

    def ask(self, case: Case[Nothing]) -> Intent | None:
        return Ask(command=Query(instance_ids=(case.held.instance_id,)), once=True) if case.said is None else None

    def on_done(self, case: Case[Nothing]) -> Effects:
        return Effects()


KIND = QueryUsage()
