"""What is said of the channels themselves: to confirm a receiver, a summary, a webhook that was switched off."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Category
from .notice_parts import Words

A_CHANNEL = About(category=Category.OPERATIONS, mandatory=True)
A_RECEIVER = About(category=Category.SECURITY, mandatory=True)

OF_CHANNELS: Mapping[str, Words] = {
    "receiver_confirm": Words(
        _("%(owner)s wants you to get its notices"),
        _("%(owner)s entered you, %(name)s, as a receiver of notices from this market. Nothing is sent to you until you "
          "confirm; have the code at hand that you got by SMS, if a phone number was entered too. The link works until "
          "%(until)s. If you do not know who asks, do nothing."),
        _("Confirm"), "info", "mail", A_RECEIVER,
    ),
    "receiver_code": Words(
        _("Your code"),
        _("%(owner)s wants you, %(name)s, to get its notices by SMS. Enter the code on the page that the mail leads to, until "
          "%(until)s. If you do not know who asks, do nothing."),
        _("Confirm"), "info", "phone", A_RECEIVER,
    ),
    "summary": Words(
        _("Your summary: %(n)s notices"),
        _("These are the notices that you asked to get once a day:"),
        _("Open the notices"), "info", "list-details", About(category=Category.OTHER),
    ),
    "webhook_test": Words(
        _("A test of “%(name)s”"),
        _("Somebody asked for it in the settings of the notices. When you read this, it works."),
        _("See more"), "info", "webhook", A_CHANNEL,
    ),
    "endpoint_disabled": Words(
        _("“%(name)s” was switched off: it took nothing since %(since)s"),
        _("Notices to %(address)s are not sent any more. Last reason: %(reason)s. Mend it, then switch it on again; what came "
          "meanwhile stands in the list of messages."),
        _("See webhooks and chats"), "danger", "webhook", A_CHANNEL,
    ),
}  # fmt: skip  # a table is read in rows
