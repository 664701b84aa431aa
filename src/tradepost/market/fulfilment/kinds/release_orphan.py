"""Release an orphan: what the seller may have made for an order that was paid back (saas-v2 §3.10)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, Orphan, Release


class ReleaseOrphan(Defaults[Orphan]):
    name, title, wanted = "release_orphan", pgettext_lazy("operation", "Release what was not delivered"), Orphan
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[Orphan]) -> Intent | None:
        if case.said is not None:
            return None
        wanted = case.wanted
        return Release(instance_id=wanted.instance_id, order_id=wanted.order_id, order_line_id=wanted.order_line_id)

    def on_done(self, case: Case[Orphan]) -> Effects:
        return Effects()


KIND = ReleaseOrphan()
