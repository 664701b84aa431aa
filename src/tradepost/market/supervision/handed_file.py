"""What is delivered as a file: the version of the asset that was sold, for its buyer alone, from the act on by which the flow hands it
over until the service ends (business-rules §2.1, §2.6, §2.10)."""

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


class HandedFile(Struct, frozen=True):
    """``why_not``: why its buyer cannot fetch it now; empty when it can be."""

    version: AssetVersion
    why_not: str


def handed_file(supervision: Supervision) -> HandedFile | None:
    """None where nothing is delivered as a file. ``line.version`` and ``subscription`` should be fetched."""
    fields = documents.load(supervision.line.version.document).details.fields
    key = whole_number(fields.get(documents.ASSET, ""))
    found = AssetVersion.objects.filter(pk=key).first() if key else None
    return HandedFile(found, why_closed(supervision)) if found is not None else None


def fetch(pk: int, *, now: datetime) -> AssetVersion:
    """The file that its buyer fetches; when that was done first is kept, since it matters in a dispute. Raises ``Refused``."""
    with transaction.atomic():
        supervision = step.locked(pk)
        found = handed_file(supervision)
        if found is None:
            raise Supervision.DoesNotExist
        if found.why_not:
            raise Refused("supervision.file", found.why_not)
        if supervision.fetched_at is None:
            supervision.fetched_at = now
            supervision.save(update_fields=["fetched_at"])
    return found.version


def why_closed(supervision: Supervision) -> str:
    """Why its buyer cannot have the delivery now; empty when nothing stands against it."""
    if supervision.status == Supervision.Status.REFUNDED:
        return _("The money went back: the file is not yours any more.")
    if supervision.status == Supervision.Status.COMPLETED:
        usable = supervision.subscription.status == Subscription.Status.ACTIVE
        return "" if usable else _("The service is not in use, so that its file cannot be fetched.")
    after = step.flow_of(supervision).file_after
    if after is not None and not Visit.objects.filter(supervision=supervision, act=after.value).exists():
        return _("The seller has not delivered it yet.")
    return ""
