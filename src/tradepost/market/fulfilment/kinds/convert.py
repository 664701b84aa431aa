"""Convert a trial: its end and product change (saas-v2 §3.3, saas-v1-license A2.3)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, FailedCall, Intent, ProtocolCommand
from tradepost.protocols.commands import Scene

from .renew import Renewal, not_renewed, refresh, renewed


class Convert(Defaults[Renewal]):
    name, title, wanted = "convert", pgettext_lazy("operation", "Trial to formal"), Renewal
    refundable, prolongs, ends = False, True, False

    def refuses(self, case: Case[Renewal]) -> Refused | None:
        until = case.held.convertible_until
        if until is None or case.now >= until:
            return Refused(
                "conversion.too_late", _("This trial has ended and can no longer be converted to a formal service.")
            )
        return None

    def ask(self, case: Case[Renewal]) -> Intent | None:
        """Send the refresh. A trial has its own product ID, so the new one is always sent."""
        return ProtocolCommand(command=refresh(case, Scene.TRIAL_TO_FORMAL)) if case.said is None else None

    def on_done(self, case: Case[Renewal]) -> Effects:
        return renewed(case)

    def on_gave_up(self, case: Case[Renewal], last: FailedCall) -> Effects:
        return not_renewed(case, last)


KIND = Convert()
