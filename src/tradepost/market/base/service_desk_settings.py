"""Settings of demands and complaints (business-rules §9, §1.6, §17.6, §17.7); a part of ``Config``."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ServiceDeskSettings(BaseSettings):
    """See ``config``."""

    demand_email: str = Field(
        default="", description="Where mails about demands go, as the page for demands says; empty: support_email."
    )
    demand_mailbox: SecretStr = Field(
        default=SecretStr(""),
        description="Mailbox whose mails become demands: imaps://user:password@host:993/INBOX, or imap+starttls://; empty: none.",
    )
    demand_mailbox_minutes: int = Field(
        default=5, ge=1, le=1440, description="Minutes between two looks into the mailbox of demands."
    )
    demand_mail_max_bytes: int = Field(
        default=1_000_000,
        ge=10_000,
        le=10_000_000,
        description="A mail to the mailbox of demands that is larger is not read.",
    )
    market_name: str = Field(
        default="",
        max_length=32,
        description="The market's name in the subject of such mails; empty: the name that the pages show.",
    )
    demands_a_day: int = Field(
        default=5,
        ge=1,
        description="Demands that one account or network may send in a day, and that may name one e-mail address.",
    )
    demand_answer_workdays: int = Field(
        default=3, ge=1, le=60, description="Working days within which operators answer a demand."
    )
    customer_demand_days: int = Field(
        default=5,
        ge=1,
        le=60,
        description="A demand that a seller does not answer in so many days of 24 hours is the operators' again (rules §17.7).",
    )
    keep_demands_days: int = Field(
        default=730, ge=0, description="Demands that have ended are deleted after these days; 0: never."
    )
    complaints_a_day: int = Field(default=5, ge=1, description="Complaints that one buyer may send in a day.")
    complaint_reply_hours: int = Field(
        default=48,
        ge=1,
        le=720,
        description="A seller that says nothing to a complaint for so many hours counts as unreachable (rules §17.6).",
    )
    complaint_workdays: int = Field(
        default=5, ge=1, le=60, description="Working days within which operators decide a complaint."
    )
    complaint_points_unreachable: int = Field(
        default=20, ge=0, le=1000, description="Penalty points of a seller that was not reached (rules §17.6)."
    )
    complaint_points_abuse: int = Field(
        default=30, ge=0, le=1000, description="Penalty points for the abuse of a buyer (rules §17.6)."
    )
    complaint_points_fake_trade: int = Field(
        default=10, ge=0, le=1000, description="Penalty points for made-up orders (rules §1.6)."
    )
    complaint_delist_days: int = Field(
        default=15,
        ge=0,
        le=365,
        description="So long the products of a seller that was not reached are to be off sale (rules §17.6); operators do it.",
    )
