"""Hand over: people deliver the purchase in a supervised flow; the paid time begins with the buyer's acceptance
(business-rules §2.10)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import (
    Case,
    Defaults,
    Effects,
    Intent,
    NoParameters,
    Opened,
    OrderEnd,
    PaidPeriod,
    WaitForPeople,
)
from tradepost.market.subscriptions.paid_time import period_end


class HandOver(Defaults[NoParameters]):
    name, title, wanted = "hand_over", pgettext_lazy("operation", "Supervised delivery"), NoParameters
    refundable, prolongs, ends = True, False, False

    def ask(self, case: Case[NoParameters]) -> Intent | None:
        del case
        return WaitForPeople()

    def on_done(self, case: Case[NoParameters]) -> Effects:
        """Return the effects. ``case.now``: start of use, which is the acceptance or an earlier day given by the
        seller."""
        line = case.ordered
        end = period_end(case.now, line.period_type, line.period_number) if line.period_type else None
        return Effects(
            opened=Opened(access=None),
            expires_at=end,
            paid=PaidPeriod(starts_at=case.now, ends_at=end) if end else None,
            order=OrderEnd.COMPLETE,
        )


KIND = HandOver()
