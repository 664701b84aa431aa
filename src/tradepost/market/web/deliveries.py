"""The list of messages that went out or did not, and one of them, as the console and the seller center show them."""

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
from tradepost.market.notifications.spoken import said
from tradepost.market.notifications.why_not import WhyNot

from .status import vocabulary

SENT_BY = [(channel.value, channel.label) for channel in Channel if channel != Channel.IN_SITE]
RETRIED = {NoticeDelivery.Status.WAITING, NoticeDelivery.Status.FAILED}


def log_of(request: HttpRequest, seller: Seller | None) -> dict[str, Any]:
    """What ``web/parts/deliveries.html`` shows: of all, or of one seller."""
    sought = delivery_log.Sought(
        status=request.GET.get("status", ""),
        channel=request.GET.get("channel", ""),
        reason=request.GET.get("reason", ""),
        text=request.GET.get("q", "").strip(),
    )
    return {
        "page": delivery_log.log_page(sought, seller=seller, after=request.GET.get("after", "")),
        "sought": sought,
        "is_sought": any((sought.status, sought.channel, sought.reason, sought.text)),
        "statuses": vocabulary("delivery"),
        "channels": [(Channel.IN_SITE.value, _("Bell in the site")), *SENT_BY],
        "reasons": WhyNot.choices,
    }


def content_of(one: NoticeDelivery, sms: Mapping[str, Any] | None, *, base_url: str) -> dict[str, Any]:
    """What ``web/parts/delivery.html`` shows. ``sms``: the settings of the adapter, whose files are shown; None shows none,
    since a code stands in some."""
    written = ""
    if one.channel == Channel.WEBHOOK and (one.notice is not None or one.kind == webhook.TEST):
        written = webhook.body_of(one, base_url=base_url).decode()
    elif one.channel == Channel.SMS and sms is not None and sms["adapter"] == "file":
        written = _file(make(sms), one)
    return {
        "delivery": one,
        "words": said(one),
        "written": written,
        "may_retry": one.status in RETRIED,
        "chinese": (get_language() or "").startswith("zh"),
    }


def _file(adapter: FileSms, one: NoticeDelivery) -> str:
    return adapter.written(one.pk)
