"""Consent to the privacy policy: given when an account is opened, and again for each new version (decision 0106)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .agreements import Kind, number_in_force
from .company_models import Agreement, PolicyConsent
from .models import User


def policy(*, now: datetime) -> Agreement | None:
    """Return the privacy policy in force, without its texts; None before the first one is published."""
    return number_in_force(Kind.PRIVACY, now=now)


def consent(user: User, number: int, *, now: datetime) -> None:
    """Record that the person accepts the policy. ``number``: the version that the page showed.

    Raises ``Refused`` if it is not in force: the person must read the current version."""
    current_policy = policy(now=now)
    if current_policy is None or current_policy.number != number:
        raise policy_changed()
    PolicyConsent.objects.get_or_create(user=user, agreement=current_policy, defaults={"at": now})


def policy_changed() -> Refused:
    return Refused(
        "consent.changed",
        _("The privacy policy has changed. Read the current version and accept it."),
        HTTPStatus.CONFLICT,
        field="privacy",
    )


def policy_to_accept(user: User, *, now: datetime) -> Agreement | None:
    """Return the policy that this person must accept before signing in, if any.

    Operators are staff of the market and exempt. An account opened after the policy was published has consented, or
    was opened by an enterprise or operator; it is asked about the next version."""
    current_policy = policy(now=now)
    if (
        current_policy is None
        or user.is_operator
        or PolicyConsent.objects.filter(user=user, agreement=current_policy).exists()
    ):
        return None
    accepted_earlier = PolicyConsent.objects.filter(user=user).exists()
    return current_policy if accepted_earlier or user.joined_at < current_policy.published_at else None


def consents_of(user: User) -> list[PolicyConsent]:
    """Return the consents newest first, without the texts."""
    texts = ("agreement__text", "agreement__text_en")
    return list(
        PolicyConsent.objects.filter(user=user).select_related("agreement").defer(*texts).order_by("-at", "-pk")
    )
