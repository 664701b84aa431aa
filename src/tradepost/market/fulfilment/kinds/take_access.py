"""Store access data that the seller changed, from a query (saas-v2 §3.2)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, NoParameters, ProtocolCommand
from tradepost.protocols.commands import Query

from .open import access_of


class TakeAccess(Defaults[NoParameters]):
    name, title, wanted = "take_access", pgettext_lazy("operation", "Update the access data"), NoParameters
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[NoParameters]) -> Intent | None:
        return (
            ProtocolCommand(command=Query(instance_ids=(case.held.instance_id,)), once=True)
            if case.said is None
            else None
        )

    def on_done(self, case: Case[NoParameters]) -> Effects:
        return Effects(access=access_of(case.said.answer) if case.said is not None else None)


KIND = TakeAccess()
