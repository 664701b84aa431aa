"""Tell the end again: the seller may keep to another end of the paid time than the market does (saas-v2 §3.3: set, not added)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.base.values import replace
from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Failed, Intent
from tradepost.protocols.commands import Purchase, Refresh, Scene


class TellEnd(Struct, frozen=True, kw_only=True):
    """``until``: the end as the market has it, exclusive. ``scene`` and the order: of what moved the end last, in vain or
    not; ``purchase``: what that order bought, for the protocols that carry it."""

    until: datetime
    scene: Scene
    order_id: str
    order_line_id: str
    purchase: Purchase | None = None


class TellEndAgain(Defaults[TellEnd]):
    name, title, wanted = "tell_end", pgettext_lazy("operation", "Tell the end again"), TellEnd
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[TellEnd]) -> Intent | None:
        if case.said is not None:
            return None
        wanted = case.wanted
        purchase = replace(wanted.purchase, expires_at=wanted.until) if wanted.purchase is not None else None
        return Ask(
            command=Refresh(
                instance_id=case.held.instance_id,
                scene=wanted.scene,
                order_id=wanted.order_id,
                order_line_id=wanted.order_line_id,
                expires_at=wanted.until,
                purchase=purchase,
            )
        )

    def on_done(self, case: Case[TellEnd]) -> Effects:
        """The end stays as it is. Where a refresh ends a freeze by itself, the seller thaws it: what still stands is asked
        of it again."""
        return Effects(seller_state="active" if case.held.refresh_thaws else "")

    def on_gave_up(self, case: Case[TellEnd], last: Failed) -> Effects:
        may_be_thawed = last.maybe_acted and case.held.refresh_thaws
        return Effects(seller_state="unknown" if may_be_thawed else "")


KIND = TellEndAgain()
