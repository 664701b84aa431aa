"""Unfreeze: tell the seller that the instance is usable again (saas-v2 §3.4)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, FailedCall, Intent, NoParameters, Thaw


class UnfreezeService(Defaults[NoParameters]):
    name, title, wanted = "unfreeze", pgettext_lazy("operation", "Unfreeze"), NoParameters
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[NoParameters]) -> Intent | None:
        return Thaw() if case.said is None else None

    def on_done(self, case: Case[NoParameters]) -> Effects:
        return Effects(seller_state="active")

    def on_gave_up(self, case: Case[NoParameters], last: FailedCall) -> Effects:
        return Effects(seller_state="unknown" if last.maybe_acted else "")


KIND = UnfreezeService()
