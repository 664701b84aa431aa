"""The log of sent and failed messages, and one message, for the console and the seller center."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tradepost.market.identity.models import Seller
from tradepost.market.notifications import delivery_log, webhook
from tradepost.market.notifications.categories import Channel
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.sms.file import FileSms, make
from tradepost.market.notifications.spoken import render_delivery
from tradepost.market.notifications.why_not import UnsentReason

from .status import state_choices

CHANNEL_CHOICES = [(channel.value, channel.label) for channel in Channel if channel != Channel.IN_SITE]
RETRIED_STATES = {NoticeDelivery.Status.WAITING, NoticeDelivery.Status.FAILED}


def log_context(request: HttpRequest, seller: Seller | None) -> dict[str, Any]:
    """Return the context of ``web/parts/deliveries.html``, for all messages or for one seller's."""
    query = delivery_log.LogFilter(
        status=request.GET.get("status", ""),
        channel=request.GET.get("channel", ""),
        reason=request.GET.get("reason", ""),
        text=request.GET.get("q", "").strip(),
    )
    return {
        "page": delivery_log.log_page(query, seller=seller, after=request.GET.get("after", "")),
        "sought": query,
        "is_sought": any((query.status, query.channel, query.reason, query.text)),
        "statuses": state_choices("delivery"),
        "channels": [(Channel.IN_SITE.value, _("On-site notification")), *CHANNEL_CHOICES],
        "reasons": UnsentReason.choices,
    }


def content_context(delivery: NoticeDelivery, sms: Mapping[str, Any] | None, *, base_url: str) -> dict[str, Any]:
    """Return the context of ``web/parts/delivery.html``. ``sms``: settings of the SMS adapter whose files are shown, or
    None to show none, because some contain sign-in codes."""
    content = ""
    if delivery.channel == Channel.WEBHOOK and (delivery.notice is not None or delivery.kind == webhook.TEST_KIND):
        content = webhook.body_of(delivery, base_url=base_url).decode()
    elif delivery.channel == Channel.SMS and sms is not None and sms["adapter"] == "file":
        content = _file_content(make(sms), delivery)
    return {
        "delivery": delivery,
        "words": render_delivery(delivery),
        "written": content,
        "may_retry": delivery.status in RETRIED_STATES,
        "chinese": (get_language() or "").startswith("zh"),
    }


def _file_content(adapter: FileSms, delivery: NoticeDelivery) -> str:
    return adapter.written(delivery.pk)
