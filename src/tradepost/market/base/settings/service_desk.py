"""Settings of demands and complaints (rules §9, §1.6, §17.6, §17.7)."""

from __future__ import annotations

from pydantic import Field, SecretStr

from .group import Group


class ServiceDeskSettings(Group):
    """See ``Config.service_desk``."""

    demand_email: str = Field(
        default="",
        description="Email address for demands, shown on the page for demands. Empty: the email address for support.",
    )
    demand_mailbox: SecretStr = Field(
        default=SecretStr(""),
        description="Mailbox whose mails become demands: imaps://user:password@host:993/INBOX, or imap+starttls://. "
        "Empty: none.",
    )
    demand_mailbox_minutes: int = Field(
        default=5, ge=1, le=1440, description="Minutes between two checks of the mailbox for demands."
    )
    demand_mail_max_bytes: int = Field(
        default=1_000_000,
        ge=10_000,
        le=10_000_000,
        description="Maximum size in bytes of a mail that is read from the mailbox for demands.",
    )
    demands_a_day: int = Field(
        default=5,
        ge=1,
        description="Maximum number of demands per day from one account or network, and for one email address.",
    )
    demand_answer_workdays: int = Field(
        default=3, ge=1, le=60, description="Working days within which operators answer a demand."
    )
    customer_demand_days: int = Field(
        default=5,
        ge=1,
        le=60,
        description="Days of 24 hours within which a seller must answer a demand before it returns to the operators "
        "(rules §17.7).",
    )
    keep_demands_days: int = Field(
        default=730, ge=0, description="Days after which ended demands are deleted. 0: never."
    )
    complaints_a_day: int = Field(
        default=5, ge=1, description="Maximum number of complaints that one buyer may send per day."
    )
    complaint_reply_hours: int = Field(
        default=48,
        ge=1,
        le=720,
        description="Hours without a reply to a complaint after which a seller counts as unreachable (rules §17.6).",
    )
    complaint_workdays: int = Field(
        default=5, ge=1, le=60, description="Working days within which operators decide a complaint."
    )
    complaint_points_unreachable: int = Field(
        default=20, ge=0, le=1000, description="Penalty points of a seller that was unreachable (rules §17.6)."
    )
    complaint_points_abuse: int = Field(
        default=30, ge=0, le=1000, description="Penalty points for abuse of a buyer (rules §17.6)."
    )
    complaint_points_fake_trade: int = Field(
        default=10, ge=0, le=1000, description="Penalty points for fake orders (rules §1.6)."
    )
    complaint_delist_days: int = Field(
        default=15,
        ge=0,
        le=365,
        description="Days for which operators should take the products of an unreachable seller off sale (rules "
        "§17.6).",
    )
