"""What is said of the channels themselves: to confirm a receiver, a summary, a webhook that was switched off."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Category, NoticePolicy
from .notice_parts import NoticeTemplate

CHANNEL = NoticePolicy(category=Category.OPERATIONS, mandatory=True)
RECEIVER = NoticePolicy(category=Category.SECURITY, mandatory=True)

CHANNEL_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "receiver_confirm": NoticeTemplate(
        _("%(owner)s wants you to get its notices"),
        _("%(owner)s added you, %(name)s, as a receiver of notices from this market. You receive no notices until you confirm. If a phone number was entered too, have the code from the SMS ready. The link works until %(until)s. If you do not know this sender, do nothing."),
        _("Confirm"), "info", "mail", RECEIVER,
    ),
    "receiver_code": NoticeTemplate(
        _("Your code"),
        _(
            "%(owner)s wants to send notices to you, %(name)s, by SMS. Enter the code on the page linked in the "
            "email, until %(until)s. If you do not know the sender, do nothing."),
        _("Confirm"), "info", "phone", RECEIVER,
    ),
    "summary": NoticeTemplate(
        _("Your summary: %(n)s notices"),
        _("These are the notices that you asked to get once a day:"),
        _("Open the notices"), "info", "list-details", NoticePolicy(category=Category.OTHER),
    ),
    "webhook_test": NoticeTemplate(
        _("A test of “%(name)s”"),
        _("Someone requested it in the notice settings. If you can read this, the settings work."),
        _("See more"), "info", "webhook", CHANNEL,
    ),
    "endpoint_disabled": NoticeTemplate(
        _("“%(name)s” was switched off: no notice could be delivered since %(since)s"),
        _("Notices are no longer sent to %(address)s. Last reason: %(reason)s. Correct the cause, then turn the address on again. Messages from the meantime are in the list of messages."),
        _("See webhooks and chats"), "danger", "webhook", CHANNEL,
    ),
}  # fmt: skip  # a table is read in rows
