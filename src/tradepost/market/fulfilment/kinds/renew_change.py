"""Change at renewal: the seller is asked first whether it can, then the end moves and the specification with it
(saas-v2 §3.3, §3.7)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Failed, Intent, OrderEnd
from tradepost.protocols.commands import CheckChange, Scene

from .renew import Renewal, not_renewed, refresh, renewed, too_late


class RenewChange(Defaults[Renewal]):
    name, title, wanted = "renew_change", pgettext_lazy("operation", "Renew and change"), Renewal
    refundable, prolongs, ends = False, True, False

    def refuses(self, case: Case[Renewal]) -> Refused | None:
        return too_late(case)

    def ask(self, case: Case[Renewal]) -> Intent | None:
        if case.said is None:
            return Ask(command=_check(case))
        if case.step == 0:
            return Ask(command=refresh(case, Scene.RENEWAL_CHANGE), step=1)
        return None

    def on_done(self, case: Case[Renewal]) -> Effects:
        return renewed(case)

    def on_gave_up(self, case: Case[Renewal], last: Failed) -> Effects:
        """What the seller does not agree to beforehand is paid back; once it agreed, the renewal waits for it."""
        return Effects(order=OrderEnd.GIVE_UP) if isinstance(last.command, CheckChange) else not_renewed(case, last)


def _check(case: Case[Renewal]) -> CheckChange:
    line = case.ordered
    return CheckChange(
        instance_id=case.held.instance_id,
        product_id=line.purchase.product_id,
        sku_code=line.sku_code,
        product_name=line.product_name,
        linear_value=line.quantity if line.linear else None,
    )


KIND = RenewChange()
