"""Reactions to events of ``debugging``."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.config import config
from tradepost.market.base.events import on
from tradepost.market.debugging.events import ReplayEnded
from tradepost.market.notifications import debugging_reactions as notices
from tradepost.market.review import hand_in


def submission_replayed(event: ReplayEnded, now: datetime) -> None:
    """Pass a submission on to an operator, or reject it, depending on the replay of its cases."""
    hand_in.store_replay_verdict(event, settings=config(), now=now)


REACTIONS = (on(ReplayEnded, notices.on_replay_ended, submission_replayed),)
