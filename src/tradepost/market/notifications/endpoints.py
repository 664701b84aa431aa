"""Webhooks and chats of a seller or a buyer: add one, try it, change its secret, switch it on again, delete it."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.guard import AddressBlocked, check_literal
from tradepost.market.base.hosts import host_error, port_error
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.base.secrets import seal
from tradepost.market.identity import limits, throttling
from tradepost.market.identity.models import Seller

from . import facts as f
from .categories import Channel
from .chat_services import SERVICES, token_hint
from .models import NoticeDelivery
from .outgoing import DELIVER_BY
from .owners import Owner, endpoints_of, lock_owner, owner_columns, people_to_notify, withhold
from .receiver_models import Endpoint
from .tell import AddressedNotice, send_notices
from .webhook import TEST_KIND, new_secret
from .why_not import UnsentReason

OVERLAP = timedelta(days=1)
"""So long messages are signed with the former secret too."""
MAX_URL_LENGTH = 1000


class NewEndpoint(Struct, frozen=True):
    """``secret`` is shown once, by the page that made it."""

    endpoint: Endpoint
    secret: str


def add_webhook(
    owner: Owner, *, name: str, url: str, language: str, outbound: OutboundPolicy, most: int, now: datetime
) -> NewEndpoint:
    """Raises ``Refused`` (fields ``name``, ``url``)."""
    address = _checked_url(url.strip(), outbound=outbound)
    parts = urlsplit(address)
    secret = new_secret()
    with transaction.atomic():
        _check_limit(owner, most)
        endpoint = Endpoint.objects.create(
            **owner_columns(owner), kind=Endpoint.Kind.WEBHOOK, name=name.strip(), shown=_displayed_address(parts.netloc, parts.path),
            sealed_address=seal(address), sealed_secret=seal(secret), language=language, created_at=now,
        )  # fmt: skip
    return NewEndpoint(endpoint, secret)


def _displayed_address(host: str, path: str) -> str:
    """A path often ends with a token: of a long one the beginning is shown."""
    return f"{host}{path if len(path) <= 24 else path[:20] + '…'}"[:255]


def _checked_url(url: str, *, outbound: OutboundPolicy) -> str:
    """Where a name leads is looked at whenever something is sent; what is plain from the address is refused now."""
    message = _("Enter an https address without a user name, for example https://example.com/hooks")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("webhook.url", message, field="url") from None
    schemes = {"https", "http"} if outbound.sandbox else {"https"}
    well_formed = url.isascii() and url.isprintable() and " " not in url and len(url) <= MAX_URL_LENGTH
    if not (well_formed and host and parts.scheme in schemes) or "@" in parts.netloc or parts.fragment:
        raise Refused("webhook.url", message, field="url")
    default = 443 if parts.scheme == "https" else 80
    if wrong := host_error(host, outbound) or port_error(port if port != default else None, outbound):
        raise Refused("webhook.url", wrong, field="url")
    try:
        check_literal(url, outbound)
    except AddressBlocked:
        raise Refused(
            "webhook.url",
            _(
                "The market may not call this address. It calls public addresses and the networks in TRADEPOST_NETWORKS."
            ),
            field="url",
        ) from None
    return url


def add_chat(
    owner: Owner, *, service: str, name: str, address: str, secret: str = "", language: str, most: int, now: datetime
) -> Endpoint:
    """Raises ``Refused`` (fields ``service``, ``address``)."""
    chat_service = SERVICES.get(service)
    if chat_service is None:
        raise Refused("chat.service", _("Choose one of the services."), field="service")
    token = chat_service.token(address)
    if not token:
        message = _("This is not the address of a bot of this service. It looks like %(example)s")
        raise Refused("chat.address", message % {"example": chat_service.example}, field="address")
    if not chat_service.takes(secret.strip()):
        raise Refused("chat.secret", _("This is not a secret of this service."), field="secret")
    with transaction.atomic():
        _check_limit(owner, most)
        return Endpoint.objects.create(
            **owner_columns(owner), kind=Endpoint.Kind.CHAT, service=service, name=name.strip(),
            shown=f"{chat_service.host} {token_hint(token)}", sealed_address=seal(chat_service.url(token, secret.strip())),
            language=language, created_at=now,
        )  # fmt: skip


def _check_limit(owner: Owner, limit: int) -> None:
    lock_owner(owner)
    if endpoints_of(owner).count() >= limit:
        raise Refused("endpoint.too_many", _("You have reached the limit for webhooks and chats. Delete one first."))


def rotate_secret(endpoint: Endpoint, *, wall: datetime) -> NewEndpoint:
    """A new secret; for a day messages are signed with both. ``wall``: real time, since receivers judge by theirs."""
    secret = new_secret()
    with transaction.atomic():
        row = Endpoint.objects.select_for_update().get(pk=endpoint.pk, kind=Endpoint.Kind.WEBHOOK)
        row.sealed_former_secret, row.former_until = row.sealed_secret, wall + OVERLAP
        row.sealed_secret = seal(secret)
        row.save(update_fields=["sealed_secret", "sealed_former_secret", "former_until"])
    return NewEndpoint(row, secret)


def send_test(endpoint: Endpoint, *, wall: datetime, now: datetime) -> NoticeDelivery:
    """A message that says that it is one. Raises ``Refused``."""
    if endpoint.disabled_at is not None:
        raise Refused("endpoint.off", _("It is switched off. Switch it on first."))
    if wait := throttling.count(limits.ENDPOINT_TESTS, f"{endpoint.pk}", now=wall):
        words = _("Too many tests in one hour. Try again later.")
        raise Refused("endpoint.too_often", words, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
    with transaction.atomic():
        delivery = NoticeDelivery.objects.create(
            kind=TEST_KIND, channel=Channel(endpoint.kind), endpoint=endpoint, seller=endpoint.seller, address=endpoint.shown,
            language=endpoint.language, facts={"name": endpoint.name}, created_at=now, next_at=now,
        )  # fmt: skip
        jobs.schedule(DELIVER_BY[delivery.channel], str(delivery.pk), due_at=now)
    return delivery


def switch_on(endpoint: Endpoint) -> None:
    """As new: what was not sent meanwhile stays unsent."""
    Endpoint.objects.filter(pk=endpoint.pk).update(disabled_at=None, failing_since=None, failures=0, rests_until=None)


def switch_off(endpoint: Endpoint, *, reason: str, since: datetime, now: datetime) -> None:
    """The market does it after days of failures, and tells its owner. In the caller's transaction."""
    Endpoint.objects.filter(pk=endpoint.pk).update(disabled_at=now)
    withhold(NoticeDelivery.objects.filter(endpoint=endpoint), UnsentReason.DISABLED)
    page = "seller_center:receivers" if endpoint.seller_id else "storefront:receivers"
    facts = {"name": endpoint.name, "address": endpoint.shown, "since": f.moment(since), "reason": reason[:200]}
    once = f"{endpoint.pk}/{now:%Y%m%d%H%M%S}"
    send_notices(
        [
            AddressedNotice(user=user, kind="endpoint_disabled", once=once, link=reverse(page), facts=facts)
            for user in people_to_notify(endpoint)
        ],
        now=now,
    )


def delete_endpoint(endpoint: Endpoint) -> None:
    with transaction.atomic():
        withhold(NoticeDelivery.objects.filter(endpoint=endpoint), UnsentReason.GONE)
        Endpoint.objects.filter(pk=endpoint.pk).delete()


def find_endpoint(owner: Seller | Owner, pk: int) -> Endpoint | None:
    return endpoints_of(owner).filter(pk=pk).first()
