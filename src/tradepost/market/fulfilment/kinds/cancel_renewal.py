"""Cancel a renewal: the end of the paid time becomes the one before it (saas-v2 §3.3, UNSUBSCRIBE_RENEWAL_PERIOD)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Intent, OrderEnd
from tradepost.protocols.commands import Refresh, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """``until``: the end before the renewal that is cancelled, exclusive."""

    until: datetime


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
                purchase=line.bought(expires_at=until),
            )
        )

    def on_done(self, case: Case[Cancellation]) -> Effects:
        return Effects(expires_at=case.wanted.until, cancels_period=True, order=OrderEnd.COMPLETE)


KIND = CancelRenewal()
