"""Why a service is not paid back, in the buyer's words (business-rules §4.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from .refund_terms import Why

if TYPE_CHECKING:
    from django.utils.functional import Promise

WORDS: Mapping[Why, str | Promise] = {
    Why.NOT_OPEN: _("It is not open yet: an order that cannot be delivered is paid back by itself."),
    Why.ENDED: _("This service has ended."),
    Why.UNDER_WAY: _("An order about this service is being worked on. Come back when it has ended."),
    Why.ASKED: _("The seller has been asked for a refund of this service already."),
    Why.USAGE: _(
        "Usage that was charged is not refunded. End the service on its own page, which shows the last charge first."
    ),
    Why.ON_SERVER: _("This image is billed while its server runs. Release the server to end it."),
    Why.PACKAGE: _("A package of usage is not refundable."),
    Why.TRIAL: _("A trial is not refundable. It ends by itself."),
    Why.NOT_REFUNDABLE: _("What is sold once is not refundable after it was delivered."),
    Why.EXPIRED: _("The paid time is over, and with it the right to a refund."),
    Why.RENEWAL_BEGUN: _("A renewal has begun: from then on a service is not refundable."),
    Why.CHANGED: _("Your latest renewal changed what you have, and that holds already: it is not taken back."),
    Why.INVOICED: _("It stands on an invoice: that must be taken back, or cancelled, before anything is paid back."),
    Why.TOO_LATE: _("The time in which this service is refundable is over."),
    Why.BOUND: _(
        "A server uses this period image. Replace the system disk of the server or release it first: then what is left "
        "can be paid back."
    ),
    Why.TOO_OFTEN: _("You have unsubscribed as often without a reason this year as one may."),
}
