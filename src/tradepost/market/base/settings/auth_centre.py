"""Settings of the auth centre, where members of an enterprise sign in to applications (openapi-jointkit §B)."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from .group import Group


class AuthCentreSettings(Group):
    """See ``Config.auth_centre``. These lives and locks are in real time, whatever a sandbox's clock says: programs outside
    compare them with their own."""

    auth_centre_url: str = Field(
        default="",
        description="Address of an enterprise's auth centre, with {code} for its code, such as the separate host "
        "https://{code}.login.example. Empty: <public_url>/t/{code} (openapi-jointkit B.1).",
    )
    access_token_seconds: int = Field(
        default=7200, ge=60, le=86_400, description="Lifetime of an access token in seconds (openapi-jointkit B.5)."
    )
    refresh_token_days: int = Field(
        default=30, ge=1, le=365, description="Lifetime of a refresh token in days (openapi-jointkit B.6)."
    )
    authorization_code_seconds: int = Field(
        default=60, ge=10, le=600, description="Seconds within which an application must redeem an authorization code."
    )
    cas_ticket_seconds: int = Field(
        default=10, ge=5, le=300, description="Seconds within which an application must validate a CAS ticket."
    )
    cas_default_format: Literal["json", "xml"] = Field(
        default="json",
        description="Format of the response to a CAS validation that names no format (openapi-jointkit B.9).",
    )
    sign_in_hours: int = Field(
        default=12, ge=1, le=720, description="Hours after which a member must sign in at the auth centre again."
    )
    sign_in_free_tries: int = Field(
        default=5,
        ge=1,
        le=20,
        description="Number of consecutive wrong passwords of a member after which sign-in is delayed.",
    )
    sign_in_lock_seconds: int = Field(
        default=30,
        ge=1,
        le=900,
        description="First delay of sign-in in seconds. Each further wrong password doubles it.",
    )
    sign_in_lock_most_seconds: int = Field(
        default=900, ge=30, le=86_400, description="Maximum delay of sign-in in seconds."
    )
    ask_for_consent: bool = Field(
        default=False,
        description="Whether members must consent before an application receives their details. Otherwise the "
        "enterprise consents when it binds the application.",
    )
    signing_key_days: int = Field(default=90, ge=1, le=730, description="Days after which a new key signs ID tokens.")
    keep_tokens_days: int = Field(
        default=1, ge=0, description="Days after expiry when codes, tickets and tokens are deleted. 0: never."
    )
    keep_sign_ins_days: int = Field(
        default=180,
        ge=0,
        description="Days after which ended sign-ins of members, and entries of the sign-in log, are deleted. 0: "
        "never.",
    )

    @field_validator("auth_centre_url")
    @classmethod
    def _a_host_for_each(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        label, _, domain = parts.netloc.partition(".")
        if parts.scheme not in {"http", "https"} or label != "{code}" or not domain or parts.path.strip("/"):
            raise ValueError("write it as https://{code}.login.example: a host that begins with the code, and no path")
        return value.rstrip("/")

    @property
    def auth_centre_domain(self) -> str:
        """What follows an enterprise's code in the hosts of the auth centre, as a browser names it; empty: there are none."""
        return urlsplit(self.auth_centre_url).netloc.partition(".")[2].lower()
