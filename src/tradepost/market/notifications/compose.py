"""Turn a notice into a mail: text with a simple HTML alternative, in the language of the one who gets it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from .messages import say
from .models import Mail


@dataclass(frozen=True, slots=True)
class Site:
    """What a mail says of the market that sends it. ``base_url`` has no slash at its end; ``support_email`` may be empty."""

    base_url: str
    support_email: str = ""


def compose(mail: Mail, site: Site) -> EmailMultiAlternatives:
    """The message, ready to send. Its ``Message-ID`` depends on the notice alone, so that a repeat is recognisable."""
    notice = mail.notice
    base = site.base_url
    with translation.override(notice.user.language or settings.LANGUAGE_CODE):
        said = say(notice.kind, notice.facts)
        context = {
            "said": said,
            "to_contact": mail.to_contact,
            "url": base + notice.link if notice.link else "",
            "base_url": base,
            "support_email": site.support_email,
            "language": translation.get_language(),
        }
        message = EmailMultiAlternatives(
            # A seller's product name may hold line breaks, which a header must not.
            subject=" ".join(said.title.split()),
            body=render_to_string("notifications/mail.txt", context),
            to=[mail.address],
            headers={
                "Message-ID": f"<notice.{notice.pk}.{notice.created_at:%Y%m%d%H%M%S}@{urlsplit(base).hostname}>",
                "Auto-Submitted": "auto-generated",
            },
        )
        message.attach_alternative(render_to_string("notifications/mail.html", context), "text/html")
    return message
