"""Stop a server for its buyer: an image is billed only while it runs (business-rules §5)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.compute.contract import Action
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, NoParameters, ServerAction


class StopServer(Defaults[NoParameters]):
    name, title, wanted = "stop_server", pgettext_lazy("operation", "Stop the server"), NoParameters
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[NoParameters]) -> Intent | None:
        return ServerAction(action=Action.STOP) if case.said is None else None

    def on_done(self, case: Case[NoParameters]) -> Effects:
        del case
        return Effects()


KIND = StopServer()
