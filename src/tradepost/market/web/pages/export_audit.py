"""Record an operator's download of a list in the audit log."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction
from django.http import HttpRequest

from tradepost.market.audit.models import Outcome
from tradepost.market.audit.record import Act, Subject, record
from tradepost.market.web import peer
from tradepost.market.web.access import now_of, person

ACT = "list_export"


def record_download(request: HttpRequest, listing: str) -> None:
    """Record a downloaded list with its filters."""
    by = person(request)
    details: dict[str, Any] = {name: ", ".join(values)[:200] for name, values in list(request.GET.lists())[:20]}
    act = Act(
        name=ACT, actor=by.pk, actor_text=by.email, about=Subject(kind="list", id=listing[:64], text=listing), details=details,
        request=str(structlog.contextvars.get_contextvars().get("request", "")),
        network=peer.network_of(peer.peer(request)),
    )  # fmt: skip
    with transaction.atomic():
        record(act, Outcome.DONE, now=now_of(request))
