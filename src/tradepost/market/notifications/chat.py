"""A notice to the bot of a chat, sent by apprise."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation

from tradepost.market.base.authorities import bundle_file
from tradepost.market.base.secrets import unseal

from .models import NoticeDelivery
from .receiver_models import Endpoint
from .sending import NotNow, Sent
from .spoken import said

SECONDS = 10


def written(one: NoticeDelivery, *, base_url: str) -> tuple[str, str]:
    """Title and text, in the language that the owner chose."""
    with translation.override(one.language or settings.LANGUAGE_CODE):
        words = said(one)
    link = base_url + one.notice.link if one.notice is not None and one.notice.link else ""
    return " ".join(words.title.split()), "\n".join(filter(None, [words.body, link and f"{words.action}: {link}"]))


def send(endpoint: Endpoint, title: str, text: str, *, authorities: str = "") -> Sent | NotNow:
    """One attempt; it waits for the service. Asks no database. ``authorities``: as of ``OutboundPolicy``."""
    from apprise import Apprise, AppriseAsset, NotifyFormat  # half a second: only where somebody has a chat

    try:
        url = unseal(endpoint.sealed_address)
    except ValueError as closed:
        return NotNow(str(closed))
    made = Apprise(asset=AppriseAsset(http_redirects=False, secure_logging=True))
    if not made.add(f"{url}?cto={SECONDS}&rto={SECONDS}"):
        return NotNow("the chat's address is not one that can be used: add it again")
    if bundle := bundle_file(authorities):
        for service in made:
            service.verify_certificate = bundle  # type: ignore[assignment]  # what it passes to requests as ``verify``, which also takes a path
    taken = made.notify(title=title, body=text, body_format=NotifyFormat.TEXT)
    return Sent() if taken else NotNow("the chat's service did not take the message")
