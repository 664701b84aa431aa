"""What a buyer sees of the licenses of a service."""

from __future__ import annotations

from tradepost.market.subscriptions.models import Subscription

from .models import LicenseCode, LicenseRequest


def requests_of(subscription: Subscription) -> list[LicenseRequest]:
    """Newest first; without the licenses themselves."""
    return list(LicenseRequest.objects.filter(subscription=subscription).defer("sealed_license").order_by("-pk"))


def code_of(subscription: Subscription) -> LicenseCode | None:
    """The code of a service, whatever became of it."""
    return LicenseCode.objects.filter(subscription=subscription).first()


def delivered(subscription: Subscription, pk: int) -> LicenseRequest | None:
    """One that has its license."""
    found = LicenseRequest.objects.filter(subscription=subscription, pk=pk)
    return found.filter(status=LicenseRequest.Status.DELIVERED).first()
