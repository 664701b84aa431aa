"""A notice to the bot of a chat, sent by apprise."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation

from tradepost.market.base.authorities import bundle_file
from tradepost.market.base.secrets import unseal

from .models import NoticeDelivery
from .receiver_models import Endpoint
from .sending import Sent, TemporaryFailure
from .spoken import render_delivery

TIMEOUT_SECONDS = 10


def compose_message(one: NoticeDelivery, *, base_url: str) -> tuple[str, str]:
    """Title and text, in the language that the owner chose."""
    with translation.override(one.language or settings.LANGUAGE_CODE):
        words = render_delivery(one)
    link = base_url + one.notice.link if one.notice is not None and one.notice.link else ""
    return " ".join(words.title.split()), "\n".join(filter(None, [words.body, link and f"{words.action}: {link}"]))


def send(endpoint: Endpoint, title: str, text: str, *, authorities: str = "") -> Sent | TemporaryFailure:
    """One attempt; it waits for the service. Asks no database. ``authorities``: as of ``OutboundPolicy``."""
    from apprise import Apprise, AppriseAsset, NotifyFormat  # half a second: only where somebody has a chat

    try:
        url = unseal(endpoint.sealed_address)
    except ValueError as error:
        return TemporaryFailure(str(error))
    notifier = Apprise(asset=AppriseAsset(http_redirects=False, secure_logging=True))
    if not notifier.add(f"{url}?cto={TIMEOUT_SECONDS}&rto={TIMEOUT_SECONDS}"):
        return TemporaryFailure("the chat's address is not one that can be used: add it again")
    if bundle := bundle_file(authorities):
        for service in notifier:
            service.verify_certificate = bundle  # type: ignore[assignment]  # what it passes to requests as ``verify``, which also takes a path
    accepted = notifier.notify(title=title, body=text, body_format=NotifyFormat.TEXT)
    return Sent() if accepted else TemporaryFailure("the chat's service did not take the message")
