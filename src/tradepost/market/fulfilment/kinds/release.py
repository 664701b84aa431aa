"""Release: the service ends, and the seller deletes the instance (saas-v2 §3.5, business-rules §4.4)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, Nothing, Release


class ReleaseService(Defaults[Nothing]):
    name, title, wanted = "release", pgettext_lazy("operation", "Release"), Nothing
    refundable, prolongs, ends = False, False, True

    def ask(self, case: Case[Nothing]) -> Intent | None:
        return Release(instance_id=case.held.instance_id) if case.said is None else None

    def on_done(self, case: Case[Nothing]) -> Effects:
        return Effects(released=True)


KIND = ReleaseService()
