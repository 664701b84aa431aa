"""Stop a server for its buyer: an image is billed only while it runs (business-rules §5)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from tradepost.market.compute.contract import Action
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, Nothing, OnServer


class StopServer(Defaults[Nothing]):
    name, title, wanted = "stop_server", pgettext_lazy("operation", "Stop the server"), Nothing
    refundable, prolongs, ends = False, False, False

    def ask(self, case: Case[Nothing]) -> Intent | None:
        return OnServer(action=Action.STOP) if case.said is None else None

    def on_done(self, case: Case[Nothing]) -> Effects:
        del case
        return Effects()


KIND = StopServer()
