"""Reactions to events of ``licenses``."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.events import on
from tradepost.market.licenses.events import CodeActivated, LicenseTold
from tradepost.market.supervision import happened
from tradepost.market.web.supervision_view import clocks_now


def continue_after_activation(event: CodeActivated, now: datetime) -> None:
    """Continue the supervised delivery of a service whose code was activated."""
    happened.on_license_change(event.subscription, now, clocks=clocks_now())


def continue_after_license(event: LicenseTold, now: datetime) -> None:
    """Continue the supervised delivery of a service whose license was sent or refused."""
    happened.on_license_change(event.subscription, now, clocks=clocks_now())


REACTIONS = (
    on(CodeActivated, continue_after_activation),
    on(LicenseTold, continue_after_license),
)
