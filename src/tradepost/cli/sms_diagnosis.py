"""Doctor checks of SMS."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from tradepost.cli.findings import Finding, fail, ok
from tradepost.market.base.config import Config
from tradepost.market.notifications.sms import WrongSettings, make_adapter
from tradepost.market.notifications.sms.file import FileSms


def check_sms(config: Config) -> Iterator[Finding]:
    """Check that a provider is configured; no message is sent."""
    try:
        adapter = make_adapter(settings.SMS)
    except WrongSettings as error:
        yield fail("sms", str(error), "Correct TRADEPOST_SMS_URL.")
        return
    if adapter is None:
        message = "No provider is set: messages that go by SMS say so, and receivers confirm by mail alone."
        yield ok("sms", message)
    elif isinstance(adapter, FileSms):
        yield ok("sms", f"Written to {config.data / 'sms'}, not sent.")
    else:
        yield ok("sms", f"Sent by {settings.SMS['adapter']}.")
