"""The words of a mail as a message: text with a simple HTML alternative, in the language of the one who gets it."""

from __future__ import annotations

from email import policy as policies
from email.utils import formataddr, parseaddr
from typing import Any, override
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from msgspec import Struct

from tradepost.market.base.files import Files
from tradepost.market.base.secrets import unseal
from tradepost.market.branding import face

from . import digest, messages, mime
from .attachments import attachments_of
from .categories import Audience
from .mime import caching_policy
from .models import NoticeDelivery
from .spoken import language_of, render_delivery


class Site(Struct, frozen=True):
    """What a mail says of the market that sends it. ``base_url`` has no slash at its end; ``support_email`` may be empty;
    ``files``: where the invoices lie that mails bring; ``scans``: a scanner looks at them."""

    base_url: str
    support_email: str = ""
    files: Files | None = None
    scans: bool = False


class _Mail(EmailMultiAlternatives):
    @override
    def message(self, *, policy: Any = policies.default) -> Any:
        message = super().message(policy=caching_policy(policy))
        if not self.attachments:
            mime.set_boundary(message)
        return message


def compose(mail: NoticeDelivery, site: Site) -> EmailMultiAlternatives:
    """The message, ready to send. Its ``Message-ID`` depends on what is told alone, so that a repeat is recognisable.

    Raises ``ValueError`` when the market's secret key no longer opens its link, ``MissingAttachment`` when a file that it
    brings is lost, and ``OSError`` when the files folder cannot be read.
    """
    base, notice = site.base_url, mail.notice
    link = unseal(mail.sealed_link) if mail.sealed_link else notice.link if notice is not None else ""
    record_id = f"notice.{notice.pk}" if notice is not None and not mail.receiver_id else f"mail.{mail.pk}"
    created_at = notice.created_at if notice is not None else mail.created_at
    market = face.current()
    with translation.override(language_of(mail) or settings.LANGUAGE_CODE):
        words = render_delivery(mail)
        context = {
            "said": words,
            "why": _footer_reason(mail),
            "url": base + link if link else "",
            "base_url": base,
            "market": market.name,
            "support_email": market.values.support_email or site.support_email,
            "support": " · ".join(part for part in (market.values.support_phone, market.hours) if part),
            "language": translation.get_language(),
        }
        message = _Mail(
            # A seller's product name may hold line breaks, which a header must not.
            subject=" ".join(words.title.split()),
            body=render_to_string("notifications/mail.txt", context),
            from_email=_sender(market),
            to=[mail.address],
            headers={
                "Message-ID": f"<{record_id}.{created_at:%Y%m%d%H%M%S}@{urlsplit(base).hostname}>",
                "Auto-Submitted": "auto-generated",
            },
        )
        message.attach_alternative(render_to_string("notifications/mail.html", context), "text/html")
        for attachment in attachments_of(mail, site.files, scans=site.scans):
            message.attach(attachment.name, attachment.content, attachment.content_type)
    return message


def _sender(market: face.Face) -> str:
    """The address of the settings with the market's name, in the language of the mail."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    if name and not market.is_named:
        return settings.DEFAULT_FROM_EMAIL
    return formataddr((market.name, address))


def _footer_reason(mail: NoticeDelivery) -> str:
    """Why its reader gets it, as the foot of the mail says."""
    if mail.to_contact:
        to_buyer = mail.notice is not None and messages.policy_of(mail.notice.kind).to == Audience.BUYER
        return "named" if to_buyer else "contact"
    if mail.receiver_id is not None:
        return "receiver"
    return "account" if mail.notice is not None or mail.kind == digest.KIND else "asked"
