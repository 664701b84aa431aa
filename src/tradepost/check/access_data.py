"""Access data in answers, read like a market: decrypted in versions that encrypt them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepost.protocols.commands import AppInfo, Done

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command

    from .answers import Answer
    from .caller import Caller


def stable_part(app: AppInfo | None) -> tuple[str, str]:
    """Return the constant parts of access data: a memo may show the time, an address a new ticket."""
    return ("", "") if app is None else (app.front_end_url.partition("?")[0].partition("#")[0], app.user_name)


def access(caller: Caller, command: Command, answer: Answer) -> dict[str, AppInfo | None] | None:
    """Return access data by instanceId, ignoring the envelope; None for an unreadable answer or one about other
    instances."""
    key = caller.options.key
    outcome = caller.target.protocol.decode(command, answer.with_valid_envelope(key), key=key)
    if not isinstance(outcome, Done) or not outcome.instances:
        return None
    return {entry.instance_id: entry.app for entry in outcome.instances}
