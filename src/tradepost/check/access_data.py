"""What answers tell a buyer to sign in with, read as a market reads it: decrypted where a version encrypts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepost.protocols.commands import AppInfo, Done

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command

    from .answers import Answer
    from .caller import Caller


def told(app: AppInfo | None) -> tuple[str, str]:
    """What stays of access data: a memo may show the time, an address a fresh ticket."""
    return ("", "") if app is None else (app.front_end_url.partition("?")[0].partition("#")[0], app.user_name)


def access(caller: Caller, command: Command, answer: Answer) -> dict[str, AppInfo | None] | None:
    """By instanceId, whatever the envelope; None for an answer that a market cannot read, or that is about something else."""
    key = caller.options.key
    outcome = caller.target.protocol.decode(command, answer.with_valid_envelope(key), key=key)
    if not isinstance(outcome, Done) or not outcome.instances:
        return None
    return {entry.instance_id: entry.app for entry in outcome.instances}
