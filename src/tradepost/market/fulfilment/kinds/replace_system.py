"""Replace the system disk: the image of the market makes room for one of the cloud's own, and its service ends; the server
stays (business-rules §5)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.compute.contract import Action
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, OnServer


class Replacement(Struct, frozen=True, kw_only=True):
    """``image``: code of the cloud's own image."""

    image: str


class ReplaceSystem(Defaults[Replacement]):
    name, title, wanted = "replace_system", pgettext_lazy("operation", "Replace the system disk"), Replacement
    refundable, prolongs, ends = False, False, True

    def ask(self, case: Case[Replacement]) -> Intent | None:
        return OnServer(action=Action.REPLACE, image=case.wanted.image) if case.said is None else None

    def on_done(self, case: Case[Replacement]) -> Effects:
        del case
        return Effects(released=True)


KIND = ReplaceSystem()
