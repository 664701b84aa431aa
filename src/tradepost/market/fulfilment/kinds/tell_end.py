"""Send the end again: the seller may have stored another end of the paid time (saas-v2 §3.3: set, not added)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.base.values import replace
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, FailedCall, Intent, ProtocolCommand
from tradepost.protocols.commands import Purchase, Refresh, Scene


class TellEnd(Struct, frozen=True, kw_only=True):
    """``until``: the market's end, exclusive. ``scene`` and the order: of the last attempt to move the end;
    ``purchase``: purchase of that order, for protocols that contain it."""

    until: datetime
    scene: Scene
    order_id: str
    order_line_id: str
    purchase: Purchase | None = None


class TellEndAgain(Defaults[TellEnd]):
    name, title, wanted = "tell_end", pgettext_lazy("operation", "Send the expiry date again"), TellEnd
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[TellEnd]) -> Intent | None:
        if case.said is not None:
            return None
        end = case.wanted
        purchase = replace(end.purchase, expires_at=end.until) if end.purchase is not None else None
        return ProtocolCommand(
            command=Refresh(
                instance_id=case.held.instance_id,
                scene=end.scene,
                order_id=end.order_id,
                order_line_id=end.order_line_id,
                expires_at=end.until,
                purchase=purchase,
            )
        )

    def on_done(self, case: Case[TellEnd]) -> Effects:
        """Keep the end. The refresh may end the freeze at the seller; remaining freezes are requested again."""
        return Effects(seller_state="active" if case.held.refresh_thaws else "")

    def on_gave_up(self, case: Case[TellEnd], last: FailedCall) -> Effects:
        may_be_thawed = last.maybe_acted and case.held.refresh_thaws
        return Effects(seller_state="unknown" if may_be_thawed else "")


KIND = TellEndAgain()
