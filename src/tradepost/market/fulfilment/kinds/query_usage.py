"""Query the usage that the seller has counted, and show it unchanged (saas-v2 §3.2)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, NoParameters, ProtocolCommand
from tradepost.protocols.commands import Query


class QueryUsage(Defaults[NoParameters]):
    name, title, wanted = "query_usage", pgettext_lazy("operation", "Query the usage"), NoParameters
    refundable, prolongs, ends = True, False, False

    def ask(self, case: Case[NoParameters]) -> Intent | None:
        return (
            ProtocolCommand(command=Query(instance_ids=(case.held.instance_id,)), once=True)
            if case.said is None
            else None
        )

    def on_done(self, case: Case[NoParameters]) -> Effects:
        return Effects()


KIND = QueryUsage()
