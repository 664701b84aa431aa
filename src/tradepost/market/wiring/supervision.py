"""Reactions to events of ``supervision``."""

from __future__ import annotations

from tradepost.market.base.events import on
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import supervision as notices
from tradepost.market.supervision import ended
from tradepost.market.supervision.events import (
    AppealDecided,
    AppealOpened,
    CancelAsked,
    CancelDeclined,
    NodeEntered,
    NodeWaits,
    SupervisionEnded,
    SupervisionStale,
)

REACTIONS = (
    on(NodeEntered, notify(notices.NODE_ENTERED)),
    on(NodeWaits, notify(notices.NODE_WAITS)),
    on(SupervisionStale, notify(notices.STALE)),
    on(SupervisionEnded, ended.release_what_ended_early, notify(notices.ENDED)),
    on(CancelAsked, notify(notices.CANCEL_REQUESTED)),
    on(CancelDeclined, notify(notices.CANCEL_DECLINED)),
    on(AppealOpened, notify(notices.APPEAL_OPENED)),
    on(AppealDecided, notify(notices.APPEAL_DECIDED)),
)
