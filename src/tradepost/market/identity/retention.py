"""How long an account is kept whose address nobody confirmed: it goes when its owner never got in and it holds nothing.

Whatever refers to an account is something that it holds, its addresses alone excepted: what a later context adds counts by
itself, so that nothing is deleted because somebody forgot to say it here.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule

from .models import Invitation, User

INVITATIONS = Rule(name="invitations", model=Invitation, when="expires_at", setting="keep_invitations_days")
"""They hold the addresses of people who may never have answered."""


def unconfirmed() -> Rule:
    """Needs all models loaded. Where no confirmation is asked for, a sign-up logs in, and its account is none of these."""
    addresses = EmailAddress.objects.filter(user=OuterRef("pk"))
    never_confirmed = Q(Exists(addresses)) & ~Q(Exists(addresses.filter(verified=True)))
    holds = Q()
    for relation in User._meta.related_objects:  # noqa: SLF001
        if relation.related_model is not EmailAddress:
            rows = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})  # noqa: SLF001
            holds |= Q(Exists(rows))
    return Rule(
        name="unconfirmed accounts",
        model=User,
        when="joined_at",
        setting="keep_unconfirmed_accounts_days",
        only=Q(is_operator=False, last_login=None) & never_confirmed,
        needed=holds,
    )
