"""Apply for a license: the seller is asked once and promises or refuses; it delivers with the upload API (saas-v1-license §B3)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Failed, Intent
from tradepost.market.licenses.request import Answer
from tradepost.protocols.commands import GetLicenseAsync


class Application(Struct, frozen=True, kw_only=True):
    """``request``: key of the application. From when to when the license holds, the end None for what has none."""

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
        wanted = case.wanted
        command = GetLicenseAsync(
            instance_id=case.held.instance_id, event_id=wanted.event_id, effective_at=wanted.effective_at,
            expires_at=wanted.expires_at, device_fingerprint=wanted.fingerprint,
        )  # fmt: skip
        # Its buyer waits for the answer, and can apply again.
        return Ask(command=command, once=True)

    def on_done(self, case: Case[Application]) -> Effects:
        return Effects(license=Answer(request=case.wanted.request))

    def on_gave_up(self, case: Case[Application], last: Failed) -> Effects:
        return Effects(license=Answer(request=case.wanted.request, verdict=last.verdict))


KIND = ApplyForLicense()
