"""Reactions to events of ``approvals``."""

from __future__ import annotations

from tradepost.market.approvals.events import ApprovalEnded, ApprovalRequested
from tradepost.market.base.events import on
from tradepost.market.notifications import approval_reactions as notices

REACTIONS = (
    on(ApprovalRequested, notices.on_approval_requested),
    on(ApprovalEnded, notices.on_approval_ended),
)
