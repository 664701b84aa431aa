"""Issue: a paid order of an authorisation code waits until the seller's software activates it; the paid time begins then, and the
seller has earned (business-rules §2.10: activation passes the node, and the service starts with it).

Nothing is asked of the seller's server. What ends it is ``activating``, or ``give_back`` before that.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, Nothing, Opened, OrderEnd, Paid
from tradepost.market.subscriptions.paid_time import period_end


class IssueCode(Defaults[Nothing]):
    name, title, wanted = "issue", pgettext_lazy("operation", "Issue an authorisation code"), Nothing
    refundable, prolongs, ends = True, False, False

    def ask(self, case: Case[Nothing]) -> Intent | None:
        del case
        return None

    def on_done(self, case: Case[Nothing]) -> Effects:
        return activated(case, since=case.now)


def activated(case: Case[Nothing], *, since: datetime) -> Effects:
    """What becomes true when the software says since when it is in use: the term counts from there. The order is completed with
    it, unless a proof of the use is accepted first."""
    line = case.ordered
    end = period_end(since, line.period_type, line.period_number) if line.period_type else None
    return Effects(
        opened=Opened(access=None, since=since),
        expires_at=end,
        paid=Paid(starts_at=since, ends_at=end) if end else None,
        order=None if line.held else OrderEnd.COMPLETE,
    )


KIND = IssueCode()
