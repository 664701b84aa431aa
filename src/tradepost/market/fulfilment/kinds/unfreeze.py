"""Unfreeze: no reason stands any more, so the seller is told that the instance is usable again (saas-v2 §3.4)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Failed, Intent, Nothing, Thaw


class UnfreezeService(Defaults[Nothing]):
    name, title, wanted = "unfreeze", pgettext_lazy("operation", "Unfreeze"), Nothing
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[Nothing]) -> Intent | None:
        return Thaw() if case.said is None else None

    def on_done(self, case: Case[Nothing]) -> Effects:
        return Effects(seller_state="active")

    def on_gave_up(self, case: Case[Nothing], last: Failed) -> Effects:
        return Effects(seller_state="unknown" if last.maybe_acted else "")


KIND = UnfreezeService()
