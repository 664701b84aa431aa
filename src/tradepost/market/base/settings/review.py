"""Settings of submissions and the time that operators have for them (rules §1.4, §2.4)."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class ReviewSettings(Group):
    """See ``Config.review``."""

    review_working_days: int = Field(
        default=3,
        ge=1,
        le=60,
        description="Working days within which operators decide submissions of sellers (rules §2.4).",
    )
    review_busy_from: int = Field(
        default=10,
        ge=1,
        description="Number of product submissions of a seller per day from which decisions may take longer.",
    )
    review_busy_extra: int = Field(
        default=2, ge=0, le=60, description="Additional working days for decisions from review_busy_from on."
    )
    replay_valid_minutes: int = Field(
        default=60,
        ge=1,
        le=1440,
        description="Maximum age in minutes of the replay of a product's debug cases when an operator approves the "
        "product.",
    )
    entry_min_staff: int = Field(
        default=15,
        ge=0,
        description="Minimum technical and support staff of a company that applies to sell (rules §1.4).",
    )
    entry_min_days: int = Field(default=365, ge=0, description="Minimum age in days of a company that applies to sell.")
    entry_min_capital: int = Field(
        default=500_000,
        ge=0,
        description="Minimum registered capital of a company that applies to sell, in main units of the currency.",
    )
    certify_attempts: int = Field(
        default=3,
        ge=1,
        description="Number of consecutive rejected applications that lock a seller's business certification.",
    )
