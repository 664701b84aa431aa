"""Replace the system disk by an image of the cloud: the service of the market's image ends, and the server remains
(business-rules §5)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.compute.contract import Action
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, ServerAction


class Replacement(Struct, frozen=True, kw_only=True):
    """``image``: code of the cloud's image."""

    image: str


class ReplaceSystem(Defaults[Replacement]):
    name, title, wanted = "replace_system", pgettext_lazy("operation", "Replace the system disk"), Replacement
    refundable, prolongs, ends = False, False, True

    def ask(self, case: Case[Replacement]) -> Intent | None:
        return ServerAction(action=Action.REPLACE, image=case.wanted.image) if case.said is None else None

    def on_done(self, case: Case[Replacement]) -> Effects:
        del case
        return Effects(released=True)


KIND = ReplaceSystem()
