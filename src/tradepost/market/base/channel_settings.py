"""Settings of the channels by which notices go out beside mail; a part of ``Config``."""

from __future__ import annotations

from datetime import time

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ChannelSettings(BaseSettings):
    """See ``config``."""

    sms_url: SecretStr = Field(
        default=SecretStr(""),
        description="Who sends SMS: aliyun:// or huaweicloud:// (see the operators' guide), file:// to write files; empty means "
        "files in a sandbox and no SMS elsewhere.",
    )
    sms_a_day: int = Field(default=20, ge=1, description="SMS that one phone number gets in a day.")
    digest_at: time = Field(
        default=time(9), description="When daily summaries of notices go out, in the market's time zone."
    )
    receivers_most: int = Field(
        default=20,
        ge=1,
        description="Receivers of notices that a seller or a buyer may keep; as many webhooks and chats.",
    )
    receiver_confirm_days: int = Field(
        default=3,
        ge=1,
        le=30,
        description="So long the link and the code that confirm a receiver of notices are valid.",
    )
    receiver_mails_a_day: int = Field(
        default=20, ge=1, description="Confirmations of receivers that one seller or buyer may have sent in a day."
    )
    webhook_failing_days: int = Field(
        default=5, ge=1, description="A webhook or chat that fails for so many days is switched off (design: money 8)."
    )
    webhook_timeout_seconds: float = Field(
        default=10.0, gt=0, le=60, description="Longest wait for a webhook's answer."
    )
