"""Retention of unconfirmed accounts and invitations.

An account whose address was never confirmed is deleted if its owner never signed in and nothing refers to it. Every
relation to an account counts, except addresses and consents to the privacy policy. So relations of later contexts
count automatically."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule

from .company_models import PolicyConsent
from .models import Invitation, OperatorInvitation, User
from .opening_models import MarketInvitation

INVITATIONS = Rule(name="invitations", model=Invitation, when="expires_at", setting="keep_invitations_days")
"""Invitations contain addresses of people who may never have answered."""
OPERATOR_INVITATIONS = Rule(
    name="invitations of operators", model=OperatorInvitation, when="expires_at", setting="keep_invitations_days"
)


MARKET_INVITATIONS = Rule(
    name="invitations to register",
    model=MarketInvitation,
    when="expires_at",
    setting="keep_invitations_days",
    only=~Q(status=MarketInvitation.Status.ACCEPTED),
)
"""An accepted invitation lets its company apply to sell."""


def unconfirmed() -> Rule:
    """Return the rule for unconfirmed accounts. Needs all models loaded. Without confirmation, a sign-up signs in, so
    the account is not affected."""
    addresses = EmailAddress.objects.filter(user=OuterRef("pk"))
    never_confirmed = Q(Exists(addresses)) & ~Q(Exists(addresses.filter(verified=True)))
    holds = Q()
    for relation in User._meta.related_objects:  # noqa: SLF001
        if relation.related_model not in {EmailAddress, PolicyConsent}:
            rows = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})  # noqa: SLF001
            holds |= Q(Exists(rows))
    return Rule(
        name="unconfirmed accounts",
        model=User,
        when="joined_at",
        setting="keep_unconfirmed_accounts_days",
        only=Q(operator_role="", last_login=None) & never_confirmed,
        needed=holds,
    )
