"""Cancel a renewal: the paid time ends as before the renewal (saas-v2 §3.3, UNSUBSCRIBE_RENEWAL_PERIOD)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.base.values import replace
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, FailedCall, Intent, OrderEnd, ProtocolCommand
from tradepost.protocols.commands import Refresh, Scene


class Cancellation(Struct, frozen=True, kw_only=True):
    """``until``: the end before the renewal, exclusive. ``product_id``: product before the renewal, if that changed it.
    ``settled``: the market has already cancelled and refunded the period; only the seller is notified."""

    until: datetime
    product_id: str = ""
    settled: bool = False


class CancelRenewal(Defaults[Cancellation]):
    name, title, wanted = "cancel_renewal", pgettext_lazy("operation", "Cancel the renewal"), Cancellation
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[Cancellation]) -> Intent | None:
        if case.said is not None:
            return None
        line, until = case.ordered, case.wanted.until
        return ProtocolCommand(
            command=Refresh(
                instance_id=case.held.instance_id,
                scene=Scene.UNSUBSCRIBE_RENEWAL_PERIOD,
                order_id=line.order_number,
                order_line_id=line.number,
                expires_at=until,
                product_id=case.wanted.product_id,
                purchase=line.bought(expires_at=until),
            )
        )

    def on_done(self, case: Case[Cancellation]) -> Effects:
        """Complete the order. A late notification may end the freeze at a seller whose refresh does; remaining freezes
        are requested again."""
        effects = Effects(order=OrderEnd.COMPLETE, seller_state="active" if case.held.refresh_thaws else "")
        if case.wanted.settled:
            return effects
        return replace(effects, expires_at=case.wanted.until, cancels_period=True)

    def on_gave_up(self, case: Case[Cancellation], last: FailedCall) -> Effects:
        return Effects(seller_state="unknown" if last.maybe_acted and case.held.refresh_thaws else "")


KIND = CancelRenewal()
