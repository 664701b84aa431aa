"""Change at renewal: ask the seller first, then extend the paid time and change the specification (saas-v2 §3.3, §3.7).

The change takes effect with the seller's answer, because the protocol has no date for it (0043).
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, FailedCall, Intent, OrderEnd, ProtocolCommand
from tradepost.protocols.commands import CheckChange, Scene

from .renew import Renewal, is_too_late, not_renewed, refresh, renewed


class ChangedRenewal(Renewal, frozen=True, kw_only=True):
    """``agreed_until``: validity of the seller's earlier agreement, exclusive; None without one."""

    agreed_until: datetime | None = None


class RenewChange(Defaults[ChangedRenewal]):
    name, title, wanted = "renew_change", pgettext_lazy("operation", "Renew and change"), ChangedRenewal
    refundable, prolongs, ends = False, True, False

    def refuses(self, case: Case[ChangedRenewal]) -> Refused | None:
        return is_too_late(case)

    def ask(self, case: Case[ChangedRenewal]) -> Intent | None:
        if case.said is None and not _agreed(case):
            return ProtocolCommand(command=_check(case))
        if case.said is None or isinstance(case.said.command, CheckChange):
            return ProtocolCommand(command=refresh(case, Scene.RENEWAL_CHANGE), step=1)
        return None

    def on_done(self, case: Case[ChangedRenewal]) -> Effects:
        return renewed(case)

    def on_gave_up(self, case: Case[ChangedRenewal], last: FailedCall) -> Effects:
        """Refund the order if the seller does not agree; after its agreement, the renewal waits for it."""
        return Effects(order=OrderEnd.GIVE_UP) if isinstance(last.command, CheckChange) else not_renewed(case, last)


def _agreed(case: Case[ChangedRenewal]) -> bool:
    return case.wanted.agreed_until is not None and case.now < case.wanted.agreed_until


def _check(case: Case[ChangedRenewal]) -> CheckChange:
    line = case.ordered
    return CheckChange(
        instance_id=case.held.instance_id,
        product_id=line.purchase.product_id,
        sku_code=line.sku_code,
        product_name=line.product_name,
        linear_value=line.quantity if line.linear else None,
    )


KIND = RenewChange()
