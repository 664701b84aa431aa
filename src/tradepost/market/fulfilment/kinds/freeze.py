"""Freeze: tell the seller to make the instance unusable (saas-v2 §3.4, business-rules §4.4)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, FailedCall, Freeze, Intent


class Freezing(Struct, frozen=True, kw_only=True):
    """``reason``: the first active one, a ``subscriptions.Freeze.Reason``."""

    reason: str


class FreezeService(Defaults[Freezing]):
    name, title, wanted = "freeze", pgettext_lazy("operation", "Freeze"), Freezing
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[Freezing]) -> Intent | None:
        return Freeze(reason=case.wanted.reason) if case.said is None else None

    def on_done(self, case: Case[Freezing]) -> Effects:
        return Effects(seller_state="frozen")

    def on_gave_up(self, case: Case[Freezing], last: FailedCall) -> Effects:
        return Effects(seller_state="unknown" if last.maybe_acted else "")


KIND = FreezeService()
