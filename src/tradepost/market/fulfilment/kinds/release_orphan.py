"""Release an orphan: a possible instance of a refunded order (saas-v2 §3.10)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, Orphan, Release


class ReleaseOrphan(Defaults[Orphan]):
    name, title, wanted = "release_orphan", pgettext_lazy("operation", "Release undelivered instances"), Orphan
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[Orphan]) -> Intent | None:
        if case.said is not None:
            return None
        orphan = case.wanted
        return Release(instance_id=orphan.instance_id, order_id=orphan.order_id, order_line_id=orphan.order_line_id)

    def on_done(self, case: Case[Orphan]) -> Effects:
        return Effects()


KIND = ReleaseOrphan()
