"""Reactions to events of ``identity``."""

from __future__ import annotations

from tradepost.market.auth_centre import reactions as auth_centre
from tradepost.market.base.events import on
from tradepost.market.catalog import reactions as catalog
from tradepost.market.identity.events import (
    AccountLocked,
    AccountUnlocked,
    AgreementPublished,
    BuyerKeyChanged,
    CertificationLocked,
    DomainLapsed,
    MemberAccessChanged,
    MemberJoined,
    MemberLeft,
    OperatorRoleChanged,
    OwnershipTransferred,
    PasswordGuessed,
    SecondStepGuessed,
    SellerAdmitted,
    SellerExited,
    SellerResumed,
    SellerSuspended,
    SignInChanged,
    SigningKeyRotated,
)
from tradepost.market.notifications import (
    member_reactions,
    operator_mails,
    reactions,
    seller_reactions,
    sign_in_reactions,
)
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import companies

REACTIONS = (
    on(SigningKeyRotated, reactions.on_signing_key_rotated),
    on(DomainLapsed, member_reactions.on_domain_lapsed),
    on(MemberJoined, member_reactions.on_member_joined),
    on(MemberLeft, member_reactions.on_member_left),
    on(MemberAccessChanged, member_reactions.on_member_access_changed),
    on(OwnershipTransferred, member_reactions.on_ownership_transferred),
    on(SellerAdmitted, notify(companies.ADMITTED)),
    on(SellerSuspended, catalog.on_seller_standing, notify(companies.SUSPENDED)),
    on(SellerResumed, catalog.on_seller_standing, notify(companies.RESUMED)),
    on(SellerExited, catalog.on_seller_standing, notify(companies.EXITED)),
    on(CertificationLocked, seller_reactions.on_certification_locked),
    on(AgreementPublished, seller_reactions.on_agreement_published),
    on(SignInChanged, auth_centre.on_sign_in_changed, sign_in_reactions.on_sign_in_changed),
    on(SecondStepGuessed, sign_in_reactions.on_second_step_guessed),
    on(PasswordGuessed, sign_in_reactions.on_password_guessed),
    on(BuyerKeyChanged, sign_in_reactions.on_buyer_key_changed),
    on(OperatorRoleChanged, operator_mails.on_operator_role_changed),
    on(AccountLocked, operator_mails.on_account_locked),
    on(AccountUnlocked, operator_mails.on_account_unlocked),
)
