"""Start a server that its buyer had stopped (business-rules §5)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.compute.contract import Action
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, NoParameters, ServerAction


class StartServer(Defaults[NoParameters]):
    name, title, wanted = "start_server", pgettext_lazy("operation", "Start the server"), NoParameters
    refundable, prolongs, ends = False, False, False

    def refuses(self, case: Case[NoParameters]) -> Refused | None:
        if case.held.frozen:
            return Refused(
                "server.frozen", _("This service is frozen. Its server starts again when the service is unfrozen.")
            )
        return None

    def ask(self, case: Case[NoParameters]) -> Intent | None:
        return ServerAction(action=Action.START) if case.said is None else None

    def on_done(self, case: Case[NoParameters]) -> Effects:
        del case
        return Effects()


KIND = StartServer()
