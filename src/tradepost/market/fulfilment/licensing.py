"""A buyer applies for a license of an online License: noted, and asked of its seller (saas-v1-license §B3)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.licenses.request import request_license, withdraw_request
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.commands import GetLicenseAsync
from tradepost.protocols.contract import SellerProtocol

from .cases import locked_subscriptions, protocol_of
from .kinds.license import Application
from .models import Operation
from .operate import OperationRequest, operate


def protocol_of_licenses(subscription: Subscription) -> SellerProtocol | None:
    """Over which its licenses are applied for; None for a service that has no such licenses."""
    spoken = protocol_of(subscription)
    return spoken if spoken is not None and GetLicenseAsync in spoken.activities else None


def apply_for_license(subscription: Subscription, fingerprint: str, *, actor: str, now: datetime) -> LicenseRequest:
    """Apply for the license of one machine. Raises ``Refused`` for what is not in use, or has no such licenses."""
    with transaction.atomic():
        [locked] = locked_subscriptions([subscription.pk])
        usable = bool(locked.instance_id) and locked.status == Subscription.Status.ACTIVE
        if not usable or protocol_of_licenses(locked) is None:
            raise Refused("license.not_now", _("A license can be applied for while its service is in use."))
        request = request_license(locked, fingerprint, actor=actor, now=now)
        wanted = Application(
            request=request.pk, event_id=request.event_id, fingerprint=request.fingerprint, effective_at=now,
            expires_at=locked.expires_at or _provisional_end(locked, now),
        )  # fmt: skip
        operate(
            [
                OperationRequest(
                    kind="license", subscription=locked, origin=Operation.Origin.BUYER, wanted=wanted, actor=actor
                )
            ],
            now=now,
        )
    return request


def _provisional_end(held: Subscription, now: datetime) -> datetime | None:
    """Of what its buyer has not accepted yet, so that its paid time did not begin (business-rules §2.10): a license of what is sold
    by period names an end (saas-v1-license §B3). None for what has none."""
    line = OrderLine.objects.filter(number=held.order_line_number).first()
    return period_end(now, line.period_type, line.period_number) if line is not None and line.period_type else None


def withdraw_application(subscription: Subscription, pk: int, *, actor: str, now: datetime) -> LicenseRequest:
    """The buyer waits no longer for a license that was promised or refused. Raises ``Refused``."""
    with transaction.atomic():
        [locked] = locked_subscriptions([subscription.pk])
        return withdraw_request(locked, pk, actor=actor, now=now)
