"""What happens to sellers, their members and their keys."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("signing_key_rotated", was=("SigningKeyRotated",), about=("key",))
class SigningKeyRotated(Struct, frozen=True, kw_only=True):
    """A signing key was replaced; it is still accepted for a while."""

    key: int
    """Key (pk) of the one that was rotated out."""


@event("seller_admitted", about=("seller",))
class SellerAdmitted(Struct, frozen=True, kw_only=True):
    """An applicant is a seller from now on."""

    seller: int


@event("seller_suspended", about=("seller",))
class SellerSuspended(Struct, frozen=True, kw_only=True):
    """An operator stopped a seller's sales; the reason stands with the seller."""

    seller: int


@event("seller_resumed", about=("seller",))
class SellerResumed(Struct, frozen=True, kw_only=True):
    """A suspended seller sells again."""

    seller: int


@event("seller_exited", about=("seller",))
class SellerExited(Struct, frozen=True, kw_only=True):
    """A seller left the market for good."""

    seller: int


@event("certification_locked", about=("seller",))
class CertificationLocked(Struct, frozen=True, kw_only=True):
    """Too many applications for certification were refused in a row."""

    seller: int


@event("agreement_published", about=("agreement",))
class AgreementPublished(Struct, frozen=True, kw_only=True):
    """A new version of an agreement is in force."""

    agreement: int


@event("member_joined", about=("seller",))
class MemberJoined(Struct, frozen=True, kw_only=True):
    """Somebody accepted an invitation and acts for a seller from now on."""

    seller: int
    user: int
    invitation: int


@event("member_left", about=("seller",))
class MemberLeft(Struct, frozen=True, kw_only=True):
    """Somebody acts for a seller no longer: removed, or by their own will when ``by`` is the same person."""

    seller: int
    user: int
    by: int
    at: datetime


@event("member_access_changed", about=("seller",))
class MemberAccessChanged(Struct, frozen=True, kw_only=True):
    """A member was put into other groups."""

    seller: int
    user: int
    at: datetime


@event("ownership_transferred", about=("seller",))
class OwnershipTransferred(Struct, frozen=True, kw_only=True):
    """A seller has another owner; the former one is a member now."""

    seller: int
    former: int
    owner: int
    at: datetime


@event("domain_lapsed", about=("domain",))
class DomainLapsed(Struct, frozen=True, kw_only=True):
    """The proof of a domain was not found time and again: nothing new can be registered on it."""

    domain: int
    at: datetime


@event("sign_in_changed", about=("user",))
class SignInChanged(Struct, frozen=True, kw_only=True):
    """Somebody signs in by something else than before: whoever was signed in until then has to do so anew."""

    user: int
    what: str
    """``password``, ``on``, ``off``, ``reset`` or ``codes`` (those of recovery, which end nothing)."""
    at: datetime
    """In real time, as sign-ins are."""


@event("password_guessed", about=("user",))
class PasswordGuessed(Struct, frozen=True, kw_only=True):
    """Wrong passwords for an email from many networks: published once a day at most."""

    user: int
    """0 where no account has the email."""
    at: datetime
    """In real time."""


@event("second_step_guessed", about=("user",))
class SecondStepGuessed(Struct, frozen=True, kw_only=True):
    """Many wrong codes were given for an account, once a day at most: somebody else may know its password."""

    user: int
    at: datetime
    """In real time."""


@event("buyer_key_changed", about=("key",))
class BuyerKeyChanged(Struct, frozen=True, kw_only=True):
    """A buyer created, disabled, enabled, or deleted an access key, or it expires in a week."""

    user: int
    key: int
    name: str
    """The key's row is gone once it is deleted."""
    change: str
    """``created``, ``disabled``, ``enabled``, ``deleted`` or ``expires``."""
    at: datetime
