"""Take over the access data: the seller changed what its buyer enters by, and a query tells it (saas-v2 §3.2)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Intent, Nothing
from tradepost.protocols.commands import Query

from .open import access_of


class TakeAccess(Defaults[Nothing]):
    name, title, wanted = "take_access", pgettext_lazy("operation", "Take over the access data"), Nothing
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[Nothing]) -> Intent | None:
        return Ask(command=Query(instance_ids=(case.held.instance_id,)), once=True) if case.said is None else None

    def on_done(self, case: Case[Nothing]) -> Effects:
        return Effects(access=access_of(case.said.answer) if case.said is not None else None)


KIND = TakeAccess()
