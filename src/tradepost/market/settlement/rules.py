"""Settings of statements and fees as arguments (business-rules §8)."""

from __future__ import annotations

from datetime import datetime, time, tzinfo

from msgspec import Struct

from tradepost.market.base.settings.settlement import SettlementSettings
from tradepost.market.base.working_days import deadline_of

from .fee import FeePolicy


class SettlementRules(Struct, frozen=True, kw_only=True):
    """``day``: of the month; ``sign_days``: working days to answer; ``minimum_minor``: minimum payout of a statement."""

    policy: FeePolicy
    day: int
    sign_days: int
    minimum_minor: int
    zone: tzinfo
    closes: time

    def sign_by(self, now: datetime) -> datetime:
        return deadline_of(now, self.sign_days, zone=self.zone, closes=self.closes).at


def policy_of(settings: SettlementSettings) -> FeePolicy:
    steps = (
        (settings.fee_first_from_minor, settings.fee_first_increment),
        (settings.fee_second_from_minor, settings.fee_second_increment),
    )
    return FeePolicy(share=settings.fee_share, increments=steps)


def rules_of(settings: SettlementSettings, *, zone: tzinfo, closes: time) -> SettlementRules:
    """``closes``: end of the working day."""
    return SettlementRules(
        policy=policy_of(settings), day=settings.settlement_day, sign_days=settings.settlement_sign_days,
        minimum_minor=settings.payout_minimum_minor, zone=zone, closes=closes,
    )  # fmt: skip
