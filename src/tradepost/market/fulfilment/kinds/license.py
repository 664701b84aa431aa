"""Apply for a license: the seller answers one call and delivers by the upload API (saas-v1-license §B3)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, FailedCall, Intent, ProtocolCommand
from tradepost.market.licenses.request import Answer
from tradepost.protocols.commands import GetLicenseAsync


class Application(Struct, frozen=True, kw_only=True):
    """``request``: key of the application. Validity of the license; ``expires_at`` is None without an end."""

    request: int
    event_id: str
    fingerprint: str
    effective_at: datetime
    expires_at: datetime | None


class ApplyForLicense(Defaults[Application]):
    name, title, wanted = "license", pgettext_lazy("operation", "Apply for a license"), Application
    refundable, prolongs, ends = True, False, False

    def ask(self, case: Case[Application]) -> Intent | None:
        if case.said is not None:
            return None
        application = case.wanted
        command = GetLicenseAsync(
            instance_id=case.held.instance_id, event_id=application.event_id, effective_at=application.effective_at,
            expires_at=application.expires_at, device_fingerprint=application.fingerprint,
        )  # fmt: skip
        # The buyer waits for the answer and can apply again.
        return ProtocolCommand(command=command, once=True)

    def on_done(self, case: Case[Application]) -> Effects:
        return Effects(license=Answer(request=case.wanted.request))

    def on_gave_up(self, case: Case[Application], last: FailedCall) -> Effects:
        return Effects(license=Answer(request=case.wanted.request, verdict=last.verdict))


KIND = ApplyForLicense()
