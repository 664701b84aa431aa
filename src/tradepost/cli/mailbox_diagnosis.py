"""What the doctor says of the mailbox of demands."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.cli.findings import Finding, fail, ok
from tradepost.market.base.config import Config
from tradepost.market.service_desk.mailbox import MailboxError, opened, place_of


def check_mailbox(config: Config) -> Iterator[Finding]:
    """Whether the market can sign in and open the folder; no mail is read or marked."""
    url = config.demand_mailbox.get_secret_value()
    if not url:
        yield ok("mailbox", "None is set: operators enter the mails about demands.")
        return
    todo = "Correct TRADEPOST_DEMAND_MAILBOX."
    try:
        place = place_of(url)
    except ValueError as wrong:
        yield fail("mailbox", f"The address is not valid: {wrong}.", todo)
        return
    try:
        with opened(place, outbound=config.outbound, read_only=True) as mailbox:
            waiting = len(mailbox.unseen())
    except MailboxError as wrong:
        yield fail("mailbox", f"{place.shown} cannot be read: {wrong}", todo)
    else:
        yield ok("mailbox", f"{place.shown} opens; unseen mails: {waiting}.")
