"""Hand over: people deliver what was bought, in a supervised flow; the paid time begins when the buyer accepts
(business-rules §2.10)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Await, Case, Defaults, Effects, Intent, Nothing, Opened, OrderEnd, Paid
from tradepost.market.subscriptions.paid_time import period_end


class HandOver(Defaults[Nothing]):
    name, title, wanted = "hand_over", pgettext_lazy("operation", "Supervised delivery"), Nothing
    refundable, prolongs, ends = True, False, False

    def ask(self, case: Case[Nothing]) -> Intent | None:
        del case
        return Await()

    def on_done(self, case: Case[Nothing]) -> Effects:
        """``case.now`` is from when on the service counts as used: the acceptance, or an earlier day that the seller said."""
        line = case.ordered
        end = period_end(case.now, line.period_type, line.period_number) if line.period_type else None
        return Effects(
            opened=Opened(access=None),
            expires_at=end,
            paid=Paid(starts_at=case.now, ends_at=end) if end else None,
            order=OrderEnd.COMPLETE,
        )


KIND = HandOver()
