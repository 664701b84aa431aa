"""Start a server: its buyer had stopped it (business-rules §5)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.compute.contract import Action
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, Nothing, OnServer


class StartServer(Defaults[Nothing]):
    name, title, wanted = "start_server", pgettext_lazy("operation", "Start the server"), Nothing
    refundable, prolongs, ends = False, False, False

    def refuses(self, case: Case[Nothing]) -> Refused | None:
        if case.held.frozen:
            return Refused("server.frozen", _("This service is frozen: its server starts again when that is over."))
        return None

    def ask(self, case: Case[Nothing]) -> Intent | None:
        return OnServer(action=Action.START) if case.said is None else None

    def on_done(self, case: Case[Nothing]) -> Effects:
        del case
        return Effects()


KIND = StartServer()
