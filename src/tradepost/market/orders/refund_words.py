"""Texts that explain to the buyer why a service cannot be refunded (business-rules §4.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from .refund_terms import RefusalReason

if TYPE_CHECKING:
    from django.utils.functional import Promise

REASON_TEXTS: Mapping[RefusalReason, str | Promise] = {
    RefusalReason.NOT_OPEN: _(
        "The service is not set up yet. An order that cannot be delivered is refunded automatically."
    ),
    RefusalReason.ENDED: _("This service has ended."),
    RefusalReason.UNDER_WAY: _("An order for this service is being processed. Come back when it is complete."),
    RefusalReason.ASKED: _("A refund request for this service is already open."),
    RefusalReason.USAGE: _(
        "Usage that was charged is not refunded. End the service on its own page, which shows the last charge first."
    ),
    RefusalReason.ON_SERVER: _("This image is billed while its server runs. Release the server to end it."),
    RefusalReason.PACKAGE: _("Usage packages are not refundable."),
    RefusalReason.TRIAL: _("A trial is not refundable. It ends automatically."),
    RefusalReason.NOT_REFUNDABLE: _("One-time purchases are not refundable after delivery."),
    RefusalReason.EXPIRED: _("The paid period has ended, so the service is no longer refundable."),
    RefusalReason.RENEWAL_BEGUN: _("A renewal has started, so the service is no longer refundable."),
    RefusalReason.CHANGED: _(
        "Your latest renewal changed the specification or quantity and is already in effect. It cannot be refunded."
    ),
    RefusalReason.INVOICED: _(
        "The service is on an invoice or an application. Return the invoice or cancel the application before the refund."
    ),
    RefusalReason.TOO_LATE: _("The refund period of this service has ended."),
    RefusalReason.BOUND: _(
        "A server uses this period image. Replace the server's system disk or release the server first; then the remaining time can be refunded."
    ),
    RefusalReason.TOO_OFTEN: _("You have used all your unsubscriptions without a reason for this year."),
}
