"""Settings of accounts, sellers' members and domains, and limits of requests."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class IdentitySettings(Group):
    """See ``Config.identity``."""

    members_most: int = Field(
        default=50,
        ge=1,
        description="Maximum number of members of a seller beside its owner, including open invitations.",
    )
    invitation_days: int = Field(
        default=7, ge=1, le=90, description="Days for which an invitation to a seller, or to register, can be accepted."
    )
    invitations_a_day: int = Field(
        default=100, ge=1, description="Maximum number of invitations that one seller may send per day."
    )
    domains_most: int = Field(default=50, ge=1, description="Maximum number of domains that a seller may register.")
    domain_recheck_days: int = Field(
        default=7, ge=1, description="Days after which the proof of a domain is checked again."
    )
    domain_failures: int = Field(
        default=3, ge=1, description="Number of consecutive daily checks without a proof after which a domain lapses."
    )
    looks_an_hour: int = Field(
        default=60,
        ge=1,
        description="Maximum number of domain checks and address tests that one seller may start per hour.",
    )
    second_step_for_operators: bool = Field(
        default=False, description="Whether operators must turn on two-step sign-in before they can use the console."
    )
    keep_tries_days: int = Field(
        default=1, ge=1, description="Days after which counts of sign-in attempts are deleted."
    )
    keep_expired_sessions_days: int = Field(
        default=1, ge=0, description="Days after which ended sessions are deleted. 0: never."
    )
    keep_unconfirmed_accounts_days: int = Field(
        default=30,
        ge=0,
        description="Days after which accounts are deleted that hold nothing and whose email address was never "
        "confirmed. 0: never.",
    )
    keep_invitations_days: int = Field(
        default=90, ge=0, description="Days after expiry when invitations to sellers are deleted. 0: never."
    )
