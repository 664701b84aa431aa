"""Personal data of accounts, memberships and invitations."""

from __future__ import annotations

from collections.abc import Iterator

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Deleted, Exported, Hold, Personal

from .buyer_key_models import BuyerKey
from .company_models import Acceptance, PolicyConsent
from .members_models import FormerMember, Invitation
from .models import Member, User
from .opening_models import MarketInvitation
from .operator_models import AccountLock, OperatorInvitation
from .provider_models import ProviderSignIn
from .second_factor_models import LogIn, SecondFactor


def _holds(user: int) -> Iterator[Hold]:
    if User.objects.filter(pk=user).exclude(operator_role="").exists():
        yield Hold(code="operator")
    for member in Member.objects.filter(user=user, role=Member.Role.OWNER):
        if not Member.objects.filter(seller=member.seller_id, role=Member.Role.OWNER).exclude(user=user).exists():
            yield Hold(code="seller_owner")


EXPORTED = (
    Exported(
        name="account", title=_("Account"), model=User, whose="pk",
        columns=(
            "email name company phone language customer_id level customer_type certified_name expiry_day "
            "operator_role joined_at last_login"
        ),
    ),
    Exported(
        name="addresses", title=_("Email addresses"), model=EmailAddress, whose="user",
        columns="email verified primary",
    ),
    Exported(
        name="sign_ins", title=_("Browsers that are signed in"), model=LogIn, whose="user",
        columns="begun_at network agent",
    ),
    Exported(
        name="two_step", title=_("Two-step sign-in"), model=SecondFactor, whose="user",
        columns="created_at",
    ),
    Exported(
        name="linked_accounts", title=_("Linked sign-in accounts"), model=SocialAccount, whose="user",
        columns="provider uid date_joined last_login",
        needs=("extra_data",), made={"claims": lambda row: (row["extra_data"] or {}).get("userinfo", {})},
    ),
    Exported(
        name="provider_roles", title=_("Operator roles from sign-in providers"), model=ProviderSignIn, whose="user",
        columns="provider__name gives_role confirmed_at",
    ),
    Exported(
        name="locks", title=_("Account locks"), model=AccountLock, whose="user",
        columns="at reason lifted_at lifted_reason",
    ),
    Exported(
        name="access_keys", title=_("Access keys"), model=BuyerKey, whose="user",
        columns="name access_key rights created_at expires_at disabled_at last_used_at",
    ),
    Exported(
        name="privacy", title=_("Consents to the privacy policy"), model=PolicyConsent, whose="user",
        columns="agreement__number at",
    ),
    Exported(
        name="agreements", title=_("Agreements accepted for sellers"), model=Acceptance, whose="by",
        columns="agreement__kind agreement__number seller__name at",
    ),
    Exported(
        name="memberships", title=_("Sellers you work for"), model=Member, whose="user",
        columns="seller__name role joined_at",
    ),
    Exported(
        name="former_memberships", title=_("Sellers you worked for"), model=FormerMember, whose="user",
        columns="seller__name left_at",
    ),
    Exported(
        name="registration_invitations", title=_("Invitations to register"), model=MarketInvitation, whose="user",
        columns="side status created_at ended_at",
    ),
    Exported(
        name="seller_invitations", title=_("Invitations to sellers"), model=Invitation, whose="email__iexact",
        columns="seller__name status created_at expires_at ended_at", by="email",
    ),
    Exported(
        name="operator_invitations", title=_("Invitations as an operator"), model=OperatorInvitation, whose="email__iexact",
        columns="role status created_at expires_at ended_at", by="email",
    ),
)  # fmt: skip

PERSONAL = Personal(
    holds=_holds,
    deleted=(
        Deleted(model=Invitation, whose="email__iexact", by="email"),
        Deleted(model=OperatorInvitation, whose="email__iexact", by="email"),
        Deleted(model=MarketInvitation, whose="email__iexact", by="email"),
    ),
    kept={
        "identity.Acceptance": "accepted agreements",
        "identity.PolicyConsent": "accepted agreements: the privacy policy",
        "identity.Agreement": "texts of the market",
        "identity.Seller": "a company, not a person",
        "identity.Company": "a company, which keeps its register entry",
        "identity.Certification": "a company, which keeps its bank account",
        "identity.Domain": "of a company",
    },
    exported=EXPORTED,
)
