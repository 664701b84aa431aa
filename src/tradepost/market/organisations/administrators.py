"""Administrators who can in fact sign in: an enterprise always keeps one."""

from __future__ import annotations

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .models import Member


def able_admins(enterprise: int | OuterRef) -> QuerySet[Member]:
    """Administrators of an enterprise (its key) who are enabled, whose account is not locked, and who have a password or a confirmed
    market account."""
    unusable = Q(user__password="") | Q(user__password__startswith=UNUSABLE_PASSWORD_PREFIX)
    of_enterprise = Q(managed=True, password_at__isnull=False) & ~unusable
    of_market = Q(managed=False, user__email__isnull=False) & _confirmed()
    admins = Member.objects.filter(enterprise=enterprise, role=Member.Role.ADMIN, enabled=True, removed_at=None)
    return admins.filter(of_enterprise | of_market, user__is_active=True)


def _confirmed() -> Q:
    """An account without a row was made by an operator; its owner confirms the address at the first sign-in."""
    if app_settings.EMAIL_VERIFICATION != app_settings.EmailVerificationMethod.MANDATORY:
        return Q()
    addresses = EmailAddress.objects.filter(user=OuterRef("user"))
    return Q(Exists(addresses.filter(verified=True))) | ~Q(Exists(addresses))


def can_sign_in(member: Member) -> bool:
    """Whether this administrator counts."""
    return able_admins(member.enterprise_id).filter(pk=member.pk).exists()


def must_leave_an_admin(one: Member) -> None:
    """Raises ``Refused`` when nobody but ``one`` can sign in to manage the enterprise, which the caller holds."""
    if able_admins(one.enterprise_id).exclude(pk=one.pk).exists():
        return
    words = _(
        "No other administrator can sign in. Make another member an administrator, check that they have a password and are enabled, "
        "then try again. If the enterprise is no longer needed, dissolve it."
    )
    raise Refused("enterprise.last_admin", words, field="role")
