"""Events about sellers, their members and keys, and accounts."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("signing_key_rotated", was=("SigningKeyRotated",), about=("key",))
class SigningKeyRotated(Struct, frozen=True, kw_only=True):
    """A signing key was replaced; it is still accepted during the overlap."""

    key: int
    """The primary key of the replaced key."""


@event("seller_admitted", about=("seller",))
class SellerAdmitted(Struct, frozen=True, kw_only=True):
    """An applicant was admitted as a seller."""

    seller: int


@event("seller_suspended", about=("seller",))
class SellerSuspended(Struct, frozen=True, kw_only=True):
    """An operator suspended a seller's sales; the seller has the reason."""

    seller: int


@event("seller_resumed", about=("seller",))
class SellerResumed(Struct, frozen=True, kw_only=True):
    """A suspended seller sells again."""

    seller: int


@event("seller_exited", about=("seller",))
class SellerExited(Struct, frozen=True, kw_only=True):
    """A seller left the market permanently."""

    seller: int


@event("certification_locked", about=("seller",))
class CertificationLocked(Struct, frozen=True, kw_only=True):
    """Too many applications for certification were rejected in a row."""

    seller: int


@event("agreement_published", about=("agreement",))
class AgreementPublished(Struct, frozen=True, kw_only=True):
    """A new version of an agreement is in force."""

    agreement: int


@event("member_joined", about=("seller",))
class MemberJoined(Struct, frozen=True, kw_only=True):
    """A person accepted an invitation to act for a seller."""

    seller: int
    user: int
    invitation: int


@event("member_left", about=("seller",))
class MemberLeft(Struct, frozen=True, kw_only=True):
    """A person no longer acts for a seller: removed by another member, or left if ``by`` is the same person."""

    seller: int
    user: int
    by: int
    at: datetime


@event("member_access_changed", about=("seller",))
class MemberAccessChanged(Struct, frozen=True, kw_only=True):
    """A member was assigned to other groups."""

    seller: int
    user: int
    at: datetime


@event("ownership_transferred", about=("seller",))
class OwnershipTransferred(Struct, frozen=True, kw_only=True):
    """A seller has a new owner; the former owner is now a member."""

    seller: int
    former: int
    owner: int
    at: datetime


@event("domain_lapsed", about=("domain",))
class DomainLapsed(Struct, frozen=True, kw_only=True):
    """Repeated checks did not find the proof of a domain: no address can be registered on it."""

    domain: int
    at: datetime


@event("account_locked", about=("user",))
class AccountLocked(Struct, frozen=True, kw_only=True):
    """An operator locked an account."""

    user: int
    lock: int
    at: datetime


@event("account_unlocked", about=("user",))
class AccountUnlocked(Struct, frozen=True, kw_only=True):
    """An operator unlocked an account."""

    user: int
    lock: int
    at: datetime


@event("operator_role_changed", about=("user",))
class OperatorRoleChanged(Struct, frozen=True, kw_only=True):
    """An account has another role in the console. ``before`` and ``role`` are empty for "no operator"."""

    user: int
    before: str
    role: str
    by: str
    """Email of the operator, or the account of the machine."""
    at: datetime


@event("sign_in_changed", about=("user",))
class SignInChanged(Struct, frozen=True, kw_only=True):
    """The sign-in method of an account changed: earlier sessions must sign in again."""

    user: int
    what: str
    """``password``, ``on``, ``off``, ``reset``, ``locked``, ``groups``, or ``codes`` (recovery codes, which end no
    session)."""
    at: datetime
    """In real time, like sign-ins."""


@event("password_guessed", about=("user",))
class PasswordGuessed(Struct, frozen=True, kw_only=True):
    """Wrong passwords for an email came from many networks; published at most once a day."""

    user: int
    """0 if no account has the email."""
    at: datetime
    """In real time."""


@event("second_step_guessed", about=("user",))
class SecondStepGuessed(Struct, frozen=True, kw_only=True):
    """Many wrong codes were entered for an account, so its password may be known to others; published at most once a
    day."""

    user: int
    at: datetime
    """In real time."""


@event("buyer_key_changed", about=("key",))
class BuyerKeyChanged(Struct, frozen=True, kw_only=True):
    """A buyer created, disabled, enabled, or deleted an access key, or it expires in a week."""

    user: int
    key: int
    name: str
    """Stored, because the key's row is deleted with the key."""
    change: str
    """``created``, ``disabled``, ``enabled``, ``deleted`` or ``expires``."""
    at: datetime
