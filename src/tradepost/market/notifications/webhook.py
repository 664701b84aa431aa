"""A notice as a webhook by Standard Webhooks: what is sent, how it is signed, and what an answer means.

The body of a message is the same at every try; its time and signature are those of the try, in real time, since receivers
refuse what is older than five minutes.
"""

from __future__ import annotations

import base64
import json
import secrets
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils import translation
from standardwebhooks.webhooks import Webhook

from tradepost.market.base.outbound import Bounds, FetchedResponse, NoResponse, fetch_async
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.base.secrets import unseal

from .messages import policy_of
from .models import NoticeDelivery
from .receiver_models import Endpoint
from .sending import Sent, TemporaryFailure
from .spoken import render_delivery

SECRET_BYTES = 32
MAX_ANSWER_LENGTH = 200
"""Characters of an answer that are kept: untrusted text."""
MAX_ANSWER_BYTES = 4096
TEST_KIND = "webhook_test"


class EndpointGone(TemporaryFailure, frozen=True):
    """410: the receiver wants nothing any more, ever."""


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def body_of(one: NoticeDelivery, *, base_url: str) -> bytes:
    """``type``: the kind; ``timestamp``: when it happened, in market time; ``data``: its words in the language that the owner
    chose, and the facts behind them."""
    notice = one.notice
    kind = notice.kind if notice is not None else one.kind
    created_at = notice.created_at if notice is not None else one.created_at
    with translation.override(one.language or settings.LANGUAGE_CODE):
        words = render_delivery(one)
    data: dict[str, Any] = {
        "notice": notice.pk if notice is not None else None,
        "category": policy_of(kind).category.value,
        "title": words.title,
        "text": words.body,
        "link": base_url + notice.link if notice is not None and notice.link else "",
        "facts": notice.facts if notice is not None else one.facts,
    }
    timestamp = created_at.astimezone(UTC).isoformat() if created_at else ""
    return json.dumps(
        {"type": kind, "timestamp": timestamp, "data": data}, ensure_ascii=False, separators=(",", ":")
    ).encode()


def headers_of(endpoint: Endpoint, message_id: str, body: bytes, *, wall: datetime) -> dict[str, str]:
    """Signed with the secret, and after a rotation with the former one too. Raises ``ValueError`` for one that no key opens."""
    sealed_secrets = [endpoint.sealed_secret]
    if endpoint.sealed_former_secret and endpoint.former_until is not None and wall < endpoint.former_until:
        sealed_secrets.append(endpoint.sealed_former_secret)
    signed_at = wall.astimezone(UTC)  # the library takes every time for UTC, whatever zone it has
    signatures = [
        Webhook(unseal(sealed_secret)).sign(message_id, signed_at, body.decode()) for sealed_secret in sealed_secrets
    ]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def post(
    one: NoticeDelivery, endpoint: Endpoint, body: bytes, *, bounds: Bounds, wall: datetime
) -> Sent | TemporaryFailure:
    """One attempt, through the guard; asks no database."""
    try:
        headers = headers_of(endpoint, f"msg_{one.pk}", body, wall=wall)
        answer = await fetch_async(unseal(endpoint.sealed_address), bounds, method="POST", headers=headers, body=body)
    except NoResponse as reason:
        return TemporaryFailure(f"{reason.why}: {reason.detail}")
    except ValueError as error:
        return TemporaryFailure(str(error))
    return result_of(answer)


def result_of(answer: FetchedResponse) -> Sent | TemporaryFailure:
    """Any 2xx is taken; a redirect is none."""
    if 200 <= answer.status < 300:
        return Sent()
    detail = "".join(c if c.isprintable() else " " for c in answer.body.decode("utf-8", "replace"))[
        :MAX_ANSWER_LENGTH
    ].strip()
    reason = f"HTTP {answer.status} {detail}".strip()
    return EndpointGone(reason) if answer.status == HTTPStatus.GONE else TemporaryFailure(reason)


def bounds_of(*, outbound: OutboundPolicy, within: float) -> Bounds:
    return Bounds(outbound=outbound, within=within, most_bytes=MAX_ANSWER_BYTES, cut=True)
