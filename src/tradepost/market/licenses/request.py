"""A buyer's application for a license, and the seller's answer. Fulfilment makes the calls to the seller."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.subscriptions.models import Subscription

from .events import LicenseTold
from .lifecycle import LICENSE_REQUEST, LicenseEvent
from .models import FINGERPRINT_LENGTH, LicenseRequest

MAX_REQUESTS = 100
"""Maximum number of applications per service."""


class Answer(Struct, frozen=True, kw_only=True):
    """The seller's answer to an application. ``request``: its key. ``verdict``: why it was refused; empty if the seller
    will deliver."""

    request: int
    verdict: str = ""


def request_license(subscription: Subscription, fingerprint: str, *, actor: str, now: datetime) -> LicenseRequest:
    """Apply for the license of this machine and the current term.

    An application that was refused, or promised without delivery, restarts under its id, so the seller makes no second
    license. The caller has locked ``subscription``. Raises ``Refused``.
    """
    fingerprint = fingerprint.strip()
    if len(fingerprint) > FINGERPRINT_LENGTH or not fingerprint.isprintable():
        words = _("Enter the fingerprint on one line of at most %(most)s characters.") % {"most": FINGERPRINT_LENGTH}
        raise Refused("license.fingerprint", words, HTTPStatus.BAD_REQUEST, field="fingerprint")
    term = subscription.expires_at.isoformat() if subscription.expires_at else ""
    fingerprint_hash = hashlib.sha256(fingerprint.encode()).hexdigest()
    requests = LicenseRequest.objects.filter(subscription=subscription)
    existing = requests.filter(fingerprint_hash=fingerprint_hash, term=term).select_for_update().first()
    if existing is None:
        if requests.count() >= MAX_REQUESTS:
            raise Refused("license.too_many", _("You have reached the limit of license applications for this service."))
        return LicenseRequest.objects.create(
            event_id=ids.hex_id(), seller_id=subscription.seller_id, subscription=subscription,
            fingerprint=fingerprint, fingerprint_hash=fingerprint_hash, term=term, asked_at=now,
        )  # fmt: skip
    if not LICENSE_REQUEST.allows(existing.status, LicenseEvent.RESTART):
        raise Refused("license.known", _("You have already applied for a license for this machine. See below."))
    LICENSE_REQUEST.move_all([existing], LicenseEvent.RESTART, now=now, actor=actor, verdict="", asked_at=now)
    return existing


def withdraw_request(subscription: Subscription, pk: int, *, actor: str, now: datetime) -> LicenseRequest:
    """Withdraw an application. A license uploaded later is refused unless the buyer applies again.

    The caller has locked ``subscription``. Raises ``Refused``.
    """
    request = LicenseRequest.objects.select_for_update(of=("self",)).filter(subscription=subscription, pk=pk).first()
    if request is None or not LICENSE_REQUEST.allows(request.status, LicenseEvent.WITHDRAW):
        raise Refused(
            "license.not_waiting",
            _("This application cannot be withdrawn, because it is being processed or has ended."),
        )
    LICENSE_REQUEST.move_all([request], LicenseEvent.WITHDRAW, now=now, actor=actor)
    return request


def record_answers(answers: Iterable[Answer], *, now: datetime) -> None:
    """Record the sellers' answers. A license that arrived earlier stays delivered."""
    by_request = {answer.request: answer for answer in answers}
    if not by_request:
        return
    rows = LicenseRequest.objects.select_for_update().filter(pk__in=by_request).order_by("pk")
    for row in rows:
        verdict = by_request[row.pk].verdict
        event = LicenseEvent.REFUSE if verdict else LicenseEvent.PROMISE
        if LICENSE_REQUEST.allows(row.status, event):
            LICENSE_REQUEST.move_all([row], event, now=now, verdict=verdict)
            if event is LicenseEvent.REFUSE:
                outbox.publish(LicenseTold(subscription=row.subscription_id, request=row.pk), now=now)
