"""Settings of what buyers change of their services; a part of ``Config``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class ChangeSettings(BaseSettings):
    """See ``config``."""

    renewal_change_days: int = Field(
        default=30,
        ge=1,
        le=366,
        description="From so many days before its end on a service can be renewed as another edition or quantity (rules §4.5).",
    )
    change_check_minutes: int = Field(
        default=30,
        ge=1,
        le=1440,
        description="How long a seller's word that it can renew a service as something else holds (minutes).",
    )
    step_change: Literal["graduated", "band_total"] = Field(
        default="graduated",
        description="What more units cost in use where the price goes by steps: graduated, each band's part at its price, as it "
        "is sold; band_total, the whole new quantity at the price of its band (business-rules §17.2 by the letter).",
    )
