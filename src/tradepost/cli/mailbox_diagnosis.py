"""Doctor checks of the mailbox for demands."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.cli.findings import Finding, fail, ok
from tradepost.market.base.config import Config
from tradepost.market.service_desk.mailbox import MailboxError, open_mailbox, parse_address


def check_mailbox(config: Config) -> Iterator[Finding]:
    """Check that the market can sign in and open the folder, without reading or marking a mail."""
    url = config.service_desk.demand_mailbox.get_secret_value()
    if not url:
        yield ok("mailbox", "None is set: operators enter the mails about demands.")
        return
    remedy = "Correct TRADEPOST_DEMAND_MAILBOX."
    try:
        mailbox_address = parse_address(url)
    except ValueError as error:
        yield fail("mailbox", f"The address is not valid: {error}.", remedy)
        return
    try:
        with open_mailbox(mailbox_address, outbound=config.outbound, read_only=True) as mailbox:
            waiting_count = len(mailbox.unseen())
    except MailboxError as error:
        yield fail("mailbox", f"{mailbox_address.shown} cannot be read: {error}", remedy)
    else:
        yield ok("mailbox", f"{mailbox_address.shown} opens; unseen mails: {waiting_count}.")
