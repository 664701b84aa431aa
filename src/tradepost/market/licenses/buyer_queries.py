"""Queries for the licenses that a buyer sees on the page of a service."""

from __future__ import annotations

from tradepost.market.subscriptions.models import Subscription

from .models import LicenseCode, LicenseRequest


def requests_of(subscription: Subscription) -> list[LicenseRequest]:
    """Return applications, newest first, without the licenses themselves."""
    return list(LicenseRequest.objects.filter(subscription=subscription).defer("sealed_license").order_by("-pk"))


def code_of(subscription: Subscription) -> LicenseCode | None:
    """Return the code of a service, in any status."""
    return LicenseCode.objects.filter(subscription=subscription).first()


def find_delivered(subscription: Subscription, pk: int) -> LicenseRequest | None:
    """Return the application if its license was delivered."""
    requests = LicenseRequest.objects.filter(subscription=subscription, pk=pk)
    return requests.filter(status=LicenseRequest.Status.DELIVERED).first()
