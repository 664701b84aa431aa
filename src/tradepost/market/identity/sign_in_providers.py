"""Sign-in through OpenID providers: who may sign in, to which account, and with which role from the groups
(opening.md §2).

An unverified address never leads to an existing account, and a provider for buyers only never signs in an
operator."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import ids, jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import seal

from . import log_ins, operators
from .events import SignInChanged
from .models import User
from .operator_roles import IS_OPERATOR, Role
from .provider_models import OperatorSignIn, ProviderSignIn, SignInProvider

TIMER = "identity.confirm_groups"
CHECK_INTERVAL = timedelta(minutes=10)
"""Interval at which a provider is asked to confirm the groups that give a role."""
MAX_UNCONFIRMED = timedelta(hours=1)
"""Sessions end if the provider has not confirmed the groups for this long."""
MAX_GROUPS = 500


def enabled(*, operators_only: bool = False) -> Sequence[SignInProvider]:
    """Return the providers that the sign-in page offers."""
    providers = SignInProvider.objects.filter(enabled=True)
    return list((providers.filter(for_operators=True) if operators_only else providers).order_by("name", "pk"))


def find(slug: str) -> SignInProvider | None:
    return SignInProvider.objects.filter(slug=slug, enabled=True).first()


def groups_of(provider: SignInProvider, claims: Mapping[str, Any]) -> list[str]:
    """Return the groups in the claims: a list, or a text separated by spaces. Other values give no groups."""
    value = claims.get(provider.groups_claim, [])
    if isinstance(value, str):
        value = value.split()
    return [group for group in value if isinstance(group, str)][:MAX_GROUPS] if isinstance(value, list) else []


def role_for(provider: SignInProvider, groups: Sequence[str]) -> str:
    """Return the role of the first entry in the provider's table whose group the person has; empty for none."""
    if not provider.for_operators:
        return ""
    return next((role for group, role in provider.roles if group in groups and role in Role.values), "")


def match(provider: SignInProvider, email: str, *, verified: bool) -> User | None:
    """Return the account of this address, to which the provider's account signs in. Raises ``Refused`` if it must
    not."""
    user = User.objects.by_email(email).first() if email else None
    if user is None:
        return None
    is_confirmed = EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists()
    if not (verified and is_confirmed):
        message = _(
            "An account has this email address, but %(provider)s or this market has not confirmed that it is yours. Sign in with "
            "your password."
        )
        raise Refused("provider.unverified", message % {"provider": provider}, HTTPStatus.FORBIDDEN)
    return user


def admit(provider: SignInProvider, user: User | None, role: str, *, now: datetime, wall: datetime) -> None:
    """Admit a person, or raise ``Refused``. ``user``: their account, if there is one.

    An operator whose groups no longer give a role loses the role that the provider gave, and all sessions."""
    if user is not None and user.is_operator and not provider.for_operators:
        message = _("Operators cannot sign in through %(provider)s.") % {"provider": provider}
        raise Refused("provider.not_for_operators", message, HTTPStatus.FORBIDDEN)
    if role:
        return
    if user is not None and user.is_operator:
        if ProviderSignIn.objects.filter(provider=provider, user=user, gives_role=True).exists():
            withdraw(user, provider, now=now, wall=wall)
        message = _("None of your groups at %(provider)s has access to the console. Ask an owner of the market.")
        raise Refused("provider.no_group", message % {"provider": provider}, HTTPStatus.FORBIDDEN)
    if not provider.for_buyers:
        message = _("None of your groups at %(provider)s has access to this market. Ask an owner of the market.")
        raise Refused("provider.no_group", message % {"provider": provider}, HTTPStatus.FORBIDDEN)


def record_sign_in(user: User, provider: SignInProvider, role: str, *, refresh: str, now: datetime) -> None:
    """Record a sign-in with the data for later confirmations, and give the role. ``refresh``: the refresh token, if
    any."""
    with transaction.atomic():
        sealed_refresh = seal(refresh) if refresh else ""
        values = {"gives_role": bool(role), "sealed_refresh": sealed_refresh, "confirmed_at": now}
        sign_in, _created = ProviderSignIn.objects.update_or_create(user=user, provider=provider, defaults=values)
        if role:
            _give(user, role, provider, now)
            jobs.schedule(TIMER, str(sign_in.pk), due_at=now + CHECK_INTERVAL, payload={"sign_in": sign_in.pk})


def lacks_refresh(provider: SignInProvider) -> bool:
    """Return whether an operator's sign-in received no refresh token, so that it lasts only an hour."""
    return ProviderSignIn.objects.filter(provider=provider, gives_role=True, sealed_refresh="").exists()


def confirm(sign_in: ProviderSignIn, groups: Sequence[str], *, now: datetime, wall: datetime) -> bool:
    """Apply the current groups of a person. Return whether they still give a role."""
    role = role_for(sign_in.provider, groups)
    if not role:
        withdraw(sign_in.user, sign_in.provider, now=now, wall=wall)
        return False
    with transaction.atomic():
        sign_in.confirmed_at = now
        sign_in.save(update_fields=["confirmed_at"])
        _give(sign_in.user, role, sign_in.provider, now)
    return True


def withdraw(user: User, provider: SignInProvider, *, now: datetime, wall: datetime) -> None:
    """Revoke the role that the provider gave, and end all sessions. The last owner keeps the role, because the market
    needs one."""
    with transaction.atomic():
        ProviderSignIn.objects.filter(user=user, provider=provider).update(gives_role=False, sealed_refresh="")
        _give(user, "", provider, now)
        end_sessions(user, now=now, wall=wall)


def _give(user: User, role: str, provider: SignInProvider, now: datetime) -> None:
    """Give the role. The last owner stays owner regardless of the groups."""
    try:
        with transaction.atomic():
            operators.give_role(user, role, by=provider.name, now=now)
    except Refused as refusal:
        if refusal.code != operators.LAST_OWNER:
            raise


def end_sessions(user: User, *, now: datetime, wall: datetime) -> None:
    log_ins.end_all(user)
    outbox.publish(SignInChanged(user=user.pk, what="groups", at=wall), now=now)


def passwords_allowed() -> bool:
    """Return whether operators may sign in by password."""
    return not OperatorSignIn.objects.filter(passwords=False).exists()


def allow_passwords(allowed: bool, *, by: User | None, now: datetime, wall: datetime) -> None:  # noqa: FBT001  # the value itself
    """Allow or forbid sign-in by password for all operators. ``by``: the owner; None for the machine, which cannot
    lock itself out.

    Raises ``Refused`` for an owner who has not signed in through a provider, because they could not sign in again.
    Forbidding it ends the sessions of all other operators."""
    with transaction.atomic():
        if not allowed and not SignInProvider.objects.filter(enabled=True, for_operators=True).exists():
            raise Refused("provider.none", _("No sign-in provider is set up for operators. Add one first."))
        if not allowed and by is not None:
            through = ProviderSignIn.objects.filter(user=by, gives_role=True, provider__enabled=True)
            if not through.exists():
                message = _("Sign in through a provider first. Otherwise you would be locked out.")
                raise Refused("provider.none_yours", message)
        OperatorSignIn.objects.update_or_create(pk=1, defaults={"passwords": allowed})
        if not allowed:
            other_providers = User.objects.filter(IS_OPERATOR).exclude(pk=by.pk if by else 0)
            for operator in other_providers.order_by("pk"):
                end_sessions(operator, now=now, wall=wall)


def save(provider: SignInProvider, values: Mapping[str, Any], *, secret: str, now: datetime) -> SignInProvider:
    """Store a provider from the form. ``secret``: empty keeps the current one. Raises ``Refused`` for a new provider
    without a secret."""
    if not secret and not provider.sealed_secret:
        message = _("Enter the client secret that the provider gave you.")
        raise Refused("provider.secret", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="secret")
    for name, value in values.items():
        setattr(provider, name, value)
    if secret:
        provider.sealed_secret = seal(secret)
    if provider.pk is None:
        provider.slug, provider.created_at = _free_slug(), now
    _check_sign_in_remains(provider if provider.enabled and provider.for_operators else None, provider)
    provider.save()
    return provider


def delete(provider: SignInProvider, *, now: datetime, wall: datetime) -> None:
    """Delete a provider. Ends the roles that it gave, with their sessions."""
    with transaction.atomic():
        _check_sign_in_remains(None, provider)
        for sign_in in ProviderSignIn.objects.filter(provider=provider, gives_role=True).select_related("user"):
            withdraw(sign_in.user, provider, now=now, wall=wall)
        SocialAccount.objects.filter(provider=provider.slug).delete()
        provider.delete()


def _free_slug() -> str:
    """Return an unused slug, never that of a deleted provider, because accounts are linked by it."""
    return ids.draw_random(string.ascii_lowercase, 8)


def _check_sign_in_remains(remaining: SignInProvider | None, provider: SignInProvider) -> None:
    other_providers = SignInProvider.objects.filter(enabled=True, for_operators=True).exclude(pk=provider.pk)
    if remaining is None and not passwords_allowed() and not other_providers.exists():
        message = _("Operators cannot sign in by password. Allow passwords again before you close the last provider.")
        raise Refused("provider.last", message)
