"""Cancel a renewal: the end of the paid time becomes the one before it (saas-v2 §3.3, UNSUBSCRIBE_RENEWAL_PERIOD)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.base.values import replace
from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Failed, Intent, OrderEnd
from tradepost.protocols.commands import Refresh, Scene


class Cancellation(Struct, frozen=True, kw_only=True):
    """``until``: the end before the renewal that is cancelled, exclusive. ``product_id``: of what was held before it, where the
    renewal changed that. ``settled``: the market took the period back, and paid for it, when it was asked to; the seller is
    only told."""

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
        return Ask(
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
        """Told late, when the paid time is over already, it ends the freeze of a seller whose refresh does: what still stands
        is asked of it again."""
        done = Effects(order=OrderEnd.COMPLETE, seller_state="active" if case.held.refresh_thaws else "")
        if case.wanted.settled:
            return done
        return replace(done, expires_at=case.wanted.until, cancels_period=True)

    def on_gave_up(self, case: Case[Cancellation], last: Failed) -> Effects:
        return Effects(seller_state="unknown" if last.maybe_acted and case.held.refresh_thaws else "")


KIND = CancelRenewal()
