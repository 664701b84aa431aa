"""Reactions to events of ``assets``."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.assets.events import AssetChecked, DocumentInfected
from tradepost.market.base.config import config
from tradepost.market.base.events import on
from tradepost.market.notifications import document_reactions as notices
from tradepost.market.review import asset_files


def asset_checked(event: AssetChecked, now: datetime) -> None:
    """Submit a checked file to an operator, or refuse it, depending on the result of the check."""
    asset_files.submit_checked_file(event, settings=config(), now=now)


REACTIONS = (
    on(AssetChecked, asset_checked),
    on(DocumentInfected, notices.on_document_infected),
)
