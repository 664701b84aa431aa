"""Deliveries as a file: the sold version of an asset, available to its buyer (business-rules §2.1, §2.6, §2.10).

The buyer can download it from the act that hands it over until the service ends.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog import document as documents
from tradepost.market.subscriptions.models import Subscription

from . import step
from .models import Supervision, Visit


class DeliveredFile(Struct, frozen=True):
    """A delivered file. ``why_not``: why the buyer cannot download it now; empty if they can."""

    version: AssetVersion
    why_not: str


def find_delivered_file(supervision: Supervision) -> DeliveredFile | None:
    """Return the delivered file, or None if the delivery has none. Fetch ``line.version`` and ``subscription``
    beforehand."""
    fields = documents.load(supervision.line.version.document).details.fields
    key = whole_number(fields.get(documents.ASSET, ""))
    asset_version = AssetVersion.objects.filter(pk=key).first() if key else None
    return DeliveredFile(asset_version, closed_reason(supervision)) if asset_version is not None else None


def fetch_for_buyer(pk: int, *, now: datetime) -> AssetVersion:
    """Return the file for download and record the time of the first download, which matters in disputes. Raises
    ``Refused``."""
    with transaction.atomic():
        supervision = step.lock_supervision(pk)
        delivered_file = find_delivered_file(supervision)
        if delivered_file is None:
            raise Supervision.DoesNotExist
        if delivered_file.why_not:
            raise Refused("supervision.file", delivered_file.why_not)
        if supervision.fetched_at is None:
            supervision.fetched_at = now
            supervision.save(update_fields=["fetched_at"])
    return delivered_file.version


def closed_reason(supervision: Supervision) -> str:
    """Return why the buyer cannot have the file now; empty if they can."""
    if supervision.status == Supervision.Status.REFUNDED:
        return _("The payment was refunded, so the file is no longer available to you.")
    if supervision.status == Supervision.Status.COMPLETED:
        is_usable = supervision.subscription.status == Subscription.Status.ACTIVE
        return "" if is_usable else _("The service is not active, so its file cannot be downloaded.")
    after = step.flow_of(supervision).file_after
    if after is not None and not Visit.objects.filter(supervision=supervision, act=after.value).exists():
        return _("The seller has not delivered it yet.")
    return ""
