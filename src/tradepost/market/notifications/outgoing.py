"""The jobs that send what waits, a kind for each channel; the key of one is that of its delivery."""

from __future__ import annotations

from collections.abc import Mapping

from .categories import Channel

DELIVER = "notifications.deliver"
"""Of mails."""
DELIVER_BY: Mapping[str, str] = {
    Channel.MAIL: DELIVER,
    Channel.SMS: "notifications.deliver_sms",
    Channel.WEBHOOK: "notifications.deliver_webhook",
    Channel.CHAT: "notifications.deliver_chat",
}
