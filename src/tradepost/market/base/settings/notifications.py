"""Settings of mail, SMS, webhooks and other notices."""

from __future__ import annotations

from datetime import time
from email.utils import parseaddr

from pydantic import Field, SecretStr

from .group import Group


class NotificationSettings(Group):
    """See ``Config.notifications``."""

    mail_url: str = Field(
        default="",
        description="Mail server: smtp://user:password@host:port, smtps:// for TLS, or smtp+starttls://. Empty: mails "
        "are written to files.",
    )
    mail_from: str = Field(
        default="noreply@localhost",
        description="Sender address of mails. Its display name is used until operators enter the market's name under "
        "Branding.",
    )
    sms_url: SecretStr = Field(
        default=SecretStr(""),
        description="SMS provider: aliyun:// or huaweicloud:// (see the operators' guide), or file:// to write files. "
        "Empty: files in a sandbox, no SMS elsewhere.",
    )
    sms_a_day: int = Field(default=20, ge=1, description="Maximum number of SMS to one phone number per day.")
    digest_at: time = Field(
        default=time(9), description="Time of daily summaries of notices, in the market's time zone."
    )
    receivers_most: int = Field(
        default=20,
        ge=1,
        description="Maximum number of receivers of notices per seller or buyer, and the same number of webhooks and "
        "chats.",
    )
    receiver_confirm_days: int = Field(
        default=3,
        ge=1,
        le=30,
        description="Days for which the link and the code that confirm a receiver of notices are valid.",
    )
    receiver_mails_a_day: int = Field(
        default=20,
        ge=1,
        description="Maximum number of confirmations that one seller or buyer may send to receivers per day.",
    )
    webhook_failing_days: int = Field(
        default=5, ge=1, description="Days of failures after which a webhook or chat is switched off (design: money 8)."
    )
    webhook_timeout_seconds: float = Field(default=10.0, gt=0, le=60, description="Timeout of a webhook in seconds.")
    keep_notices_days: int = Field(default=365, ge=0, description="Days after which notices are deleted. 0: never.")
    keep_sent_mails_days: int = Field(
        default=90,
        ge=0,
        description="Days after which mails and other messages that were sent or suppressed are deleted. 0: never.",
    )

    @property
    def mail_from_localhost(self) -> bool:
        """Whether mails have the default sender, which other mail servers refuse."""
        return parseaddr(self.mail_from)[1].endswith("@localhost")
