"""License applications of an online License: stored, and sent to the seller (saas-v1-license §B3)."""

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
    """Return the protocol for its license applications; None for a service without such licenses."""
    protocol = protocol_of(subscription)
    return protocol if protocol is not None and GetLicenseAsync in protocol.activities else None


def apply_for_license(subscription: Subscription, fingerprint: str, *, actor: str, now: datetime) -> LicenseRequest:
    """Apply for the license of one machine. Raises ``Refused`` for a service that is not in use or has no such
    licenses."""
    with transaction.atomic():
        [locked_subscription] = locked_subscriptions([subscription.pk])
        is_usable = bool(locked_subscription.instance_id) and locked_subscription.status == Subscription.Status.ACTIVE
        if not is_usable or protocol_of_licenses(locked_subscription) is None:
            raise Refused("license.not_now", _("You can apply for a license only while its service is in use."))
        request = request_license(locked_subscription, fingerprint, actor=actor, now=now)
        application = Application(
            request=request.pk, event_id=request.event_id, fingerprint=request.fingerprint, effective_at=now,
            expires_at=locked_subscription.expires_at or _provisional_end(locked_subscription, now),
        )  # fmt: skip
        operate(
            [
                OperationRequest(
                    kind="license",
                    subscription=locked_subscription,
                    origin=Operation.Origin.BUYER,
                    wanted=application,
                    actor=actor,
                )
            ],
            now=now,
        )
    return request


def _provisional_end(subscription: Subscription, now: datetime) -> datetime | None:
    """Return a provisional end before the buyer's acceptance (business-rules §2.10), because a license sold by period
    needs one (saas-v1-license §B3). None without periods."""
    line = OrderLine.objects.filter(number=subscription.order_line_number).first()
    return period_end(now, line.period_type, line.period_number) if line is not None and line.period_type else None


def withdraw_application(subscription: Subscription, pk: int, *, actor: str, now: datetime) -> LicenseRequest:
    """Withdraw an application that was promised or refused. Raises ``Refused``."""
    with transaction.atomic():
        [locked_subscription] = locked_subscriptions([subscription.pk])
        return withdraw_request(locked_subscription, pk, actor=actor, now=now)
