"""Issue an authorisation code: the order waits until the seller's software activates it; then the paid time begins and
the seller has earned the payment (business-rules §2.10).

No call is made to the seller. ``activating`` ends it, or ``return_code`` before.
"""

from __future__ import annotations

from datetime import datetime

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
)
from tradepost.market.subscriptions.paid_time import period_end


class IssueCode(Defaults[NoParameters]):
    name, title, wanted = "issue", pgettext_lazy("operation", "Issue an authorisation code"), NoParameters
    refundable, prolongs, ends = True, False, False

    def ask(self, case: Case[NoParameters]) -> Intent | None:
        del case
        return None

    def on_done(self, case: Case[NoParameters]) -> Effects:
        return activated(case, since=case.now)


def activated(case: Case[NoParameters], *, since: datetime) -> Effects:
    """Return the effects of an activation; the term counts from ``since``. The order completes, unless a proof of use
    must be accepted first."""
    line = case.ordered
    end = period_end(since, line.period_type, line.period_number) if line.period_type else None
    return Effects(
        opened=Opened(access=None, since=since),
        expires_at=end,
        paid=PaidPeriod(starts_at=since, ends_at=end) if end else None,
        order=None if line.held else OrderEnd.COMPLETE,
    )


KIND = IssueCode()
