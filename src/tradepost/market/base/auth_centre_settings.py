"""Settings of the auth centre, where people of an enterprise sign in to applications; a part of ``Config``."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class AuthCentreSettings(BaseSettings):
    """See ``config``. These lives and locks are in real time, whatever a sandbox's clock says: programs outside compare them
    with their own."""

    auth_centre_url: str = Field(
        default="",
        description="Address of an enterprise's auth centre, with {code} for its code: a host of its own such as "
        "https://{code}.login.example. Empty: <public_url>/t/{code} (openapi-jointkit B.1).",
    )
    access_token_seconds: int = Field(
        default=7200, ge=60, le=86_400, description="How long an access token holds (openapi-jointkit B.5)."
    )
    refresh_token_days: int = Field(
        default=30, ge=1, le=365, description="How long a refresh token holds (openapi-jointkit B.6)."
    )
    authorization_code_seconds: int = Field(
        default=60, ge=10, le=600, description="How long an application may take to redeem a code."
    )
    cas_ticket_seconds: int = Field(
        default=10, ge=5, le=300, description="How long an application may take to validate a CAS ticket."
    )
    cas_default_format: Literal["json", "xml"] = Field(
        default="json", description="What a CAS validation answers that names no format (openapi-jointkit B.9)."
    )
    sign_in_hours: int = Field(
        default=12, ge=1, le=720, description="After these hours a member signs in anew at the auth centre."
    )
    sign_in_free_tries: int = Field(
        default=5, ge=1, le=20, description="Wrong passwords of a member in a row, after which sign-in is held up."
    )
    sign_in_lock_seconds: int = Field(
        default=30, ge=1, le=900, description="How long it is held up first; each further one doubles it."
    )
    sign_in_lock_most_seconds: int = Field(default=900, ge=30, le=86_400, description="How long it is held up at most.")
    ask_for_consent: bool = Field(
        default=False,
        description="Whether a member is asked before an application gets their details; otherwise the enterprise consents "
        "when it binds the application.",
    )
    signing_key_days: int = Field(
        default=90, ge=1, le=730, description="After these days id tokens are signed by a new key."
    )
    keep_tokens_days: int = Field(
        default=1, ge=0, description="Codes, tickets and tokens are deleted these days after they expired; 0: never."
    )
    keep_sign_ins_days: int = Field(
        default=180, ge=0, description="Sign-ins of members are deleted these days after they ended; 0: never."
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
