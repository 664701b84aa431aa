"""A buyer applies, and what the seller says of it; who asks the seller is fulfilment."""

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

MOST = 100
"""Applications of one service."""


class Answer(Struct, frozen=True, kw_only=True):
    """What came of asking the seller. ``request``: its key. ``verdict``: why not; empty when the seller will deliver."""

    request: int
    verdict: str = ""


def request_license(subscription: Subscription, fingerprint: str, *, actor: str, now: datetime) -> LicenseRequest:
    """The application for this machine and the present term; one that was not granted, or is long promised, begins anew under
    its own number, so that the seller makes no second license. ``subscription`` is locked. Raises ``Refused``."""
    fingerprint = fingerprint.strip()
    if len(fingerprint) > FINGERPRINT_LENGTH or not fingerprint.isprintable():
        words = _("A fingerprint is one line of at most %(most)s characters.") % {"most": FINGERPRINT_LENGTH}
        raise Refused("license.fingerprint", words, HTTPStatus.BAD_REQUEST, field="fingerprint")
    term = subscription.expires_at.isoformat() if subscription.expires_at else ""
    hashed = hashlib.sha256(fingerprint.encode()).hexdigest()
    own = LicenseRequest.objects.filter(subscription=subscription)
    known = own.filter(fingerprint_hash=hashed, term=term).select_for_update().first()
    if known is None:
        if own.count() >= MOST:
            raise Refused("license.too_many", _("You have applied for as many licenses as one service may have."))
        return LicenseRequest.objects.create(
            event_id=ids.hex_id(), seller_id=subscription.seller_id, subscription=subscription,
            fingerprint=fingerprint, fingerprint_hash=hashed, term=term, asked_at=now,
        )  # fmt: skip
    if not LICENSE_REQUEST.allows(known.status, LicenseEvent.RESTART):
        raise Refused("license.known", _("You have applied for the license of this machine already: see below."))
    LICENSE_REQUEST.move_all([known], LicenseEvent.RESTART, now=now, actor=actor, verdict="", asked_at=now)
    return known


def withdraw_request(subscription: Subscription, pk: int, *, actor: str, now: datetime) -> LicenseRequest:
    """The buyer waits for it no longer: a license that is uploaded for it is refused, until it is applied for anew. ``subscription``
    is locked. Raises ``Refused``."""
    found = LicenseRequest.objects.select_for_update(of=("self",)).filter(subscription=subscription, pk=pk).first()
    if found is None or not LICENSE_REQUEST.allows(found.status, LicenseEvent.WITHDRAW):
        raise Refused(
            "license.not_waiting", _("This application cannot be withdrawn: it is being asked, or has ended.")
        )
    LICENSE_REQUEST.move_all([found], LicenseEvent.WITHDRAW, now=now, actor=actor)
    return found


def answered(answers: Iterable[Answer], *, now: datetime) -> None:
    """Note what sellers said. A license that came first stays delivered."""
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
