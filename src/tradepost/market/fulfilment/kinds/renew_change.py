"""Change at renewal: the seller is asked first whether it can, then the end moves and the specification with it
(saas-v2 §3.3, §3.7). It is told at once, and what was chosen is held from its answer on: the wire names no day for it (0043)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Failed, Intent, OrderEnd
from tradepost.protocols.commands import CheckChange, Scene

from .renew import Renewal, not_renewed, refresh, renewed, too_late


class ChangedRenewal(Renewal, frozen=True, kw_only=True):
    """``agreed_until``: until then the seller's word of before the order holds, exclusive; None where it was not asked."""

    agreed_until: datetime | None = None


class RenewChange(Defaults[ChangedRenewal]):
    name, title, wanted = "renew_change", pgettext_lazy("operation", "Renew and change"), ChangedRenewal
    refundable, prolongs, ends = False, True, False

    def refuses(self, case: Case[ChangedRenewal]) -> Refused | None:
        return too_late(case)

    def ask(self, case: Case[ChangedRenewal]) -> Intent | None:
        if case.said is None and not _agreed(case):
            return Ask(command=_check(case))
        if case.said is None or isinstance(case.said.command, CheckChange):
            return Ask(command=refresh(case, Scene.RENEWAL_CHANGE), step=1)
        return None

    def on_done(self, case: Case[ChangedRenewal]) -> Effects:
        return renewed(case)

    def on_gave_up(self, case: Case[ChangedRenewal], last: Failed) -> Effects:
        """What the seller does not agree to beforehand is paid back; once it agreed, the renewal waits for it."""
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
