"""Administrators who can sign in: an enterprise always keeps at least one."""

from __future__ import annotations

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .models import Member


def admins_who_can_sign_in(enterprise: int | OuterRef) -> QuerySet[Member]:
    """Return the administrators of an enterprise (its key) who can sign in: enabled, not locked, with a password or a
    confirmed market account."""
    unusable = Q(user__password="") | Q(user__password__startswith=UNUSABLE_PASSWORD_PREFIX)
    of_enterprise = Q(managed=True, password_at__isnull=False) & ~unusable
    of_market = Q(managed=False, user__email__isnull=False) & _has_confirmed_address()
    admins = Member.objects.filter(enterprise=enterprise, role=Member.Role.ADMIN, enabled=True, removed_at=None)
    return admins.filter(of_enterprise | of_market, user__is_active=True)


def _has_confirmed_address() -> Q:
    """Accounts without a row were created by an operator; their owners confirm the address at the first sign-in."""
    if app_settings.EMAIL_VERIFICATION != app_settings.EmailVerificationMethod.MANDATORY:
        return Q()
    addresses = EmailAddress.objects.filter(user=OuterRef("user"))
    return Q(Exists(addresses.filter(verified=True))) | ~Q(Exists(addresses))


def can_sign_in(member: Member) -> bool:
    """Return whether this administrator can sign in."""
    return admins_who_can_sign_in(member.enterprise_id).filter(pk=member.pk).exists()


def check_admin_remains(member: Member) -> None:
    """Raise ``Refused`` if ``one`` is the only administrator who can sign in. The caller holds the enterprise."""
    if admins_who_can_sign_in(member.enterprise_id).exclude(pk=member.pk).exists():
        return
    message = _(
        "No other administrator can sign in. Make another member an administrator, check that they have a password and are enabled, "
        "then try again. If the enterprise is no longer needed, dissolve it."
    )
    raise Refused("enterprise.last_admin", message, field="role")
