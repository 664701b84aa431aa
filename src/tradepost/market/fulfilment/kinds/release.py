"""Release: the service ends and the seller deletes the instance (saas-v2 §3.5, business-rules §4.4). After an
unsubscription, the call names its order."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, NoParameters, OrderEnd, Release


class ReleaseService(Defaults[NoParameters]):
    name, title, wanted = "release", pgettext_lazy("operation", "Release"), NoParameters
    refundable, prolongs, ends = False, False, True

    def ask(self, case: Case[NoParameters]) -> Intent | None:
        if case.said is not None:
            return None
        line = case.line
        return Release(
            instance_id=case.held.instance_id,
            order_id=line.order_number if line else "",
            order_line_id=line.number if line else "",
        )

    def on_done(self, case: Case[NoParameters]) -> Effects:
        return Effects(released=True, order=OrderEnd.COMPLETE if case.line else None)


KIND = ReleaseService()
