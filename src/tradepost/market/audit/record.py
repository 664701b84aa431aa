"""The one door into the log: writes an entry, in the transaction of whoever calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from .details import clear
from .models import Entry, Outcome


class Subject(Struct, frozen=True, kw_only=True):
    """What was acted on; ``seller``: whose it is, where it is one seller's."""

    kind: str = ""
    id: str = ""
    text: str = ""
    seller: int | None = None


NOTHING = Subject()


class Act(Struct, frozen=True, kw_only=True):
    """Who did what to which object, from where. ``actor``: the account, None for the command line."""

    name: str
    actor: int | None
    actor_text: str
    about: Subject = NOTHING
    details: Mapping[str, object] = field(default_factory=dict)
    request: str = ""
    network: str = ""


def record(act: Act, outcome: Outcome, *, now: datetime, reason: str = "") -> Entry:
    """``reason``: why it was refused. Too long texts are cut: an act is recorded rather than refused for its words."""
    return Entry.objects.create(
        at=now, actor_id=act.actor, actor_text=clear(act.actor_text, 254), act=act.name[:64],
        object_kind=act.about.kind[:32], object_id=clear(act.about.id, 64), object_text=clear(act.about.text, 200),
        seller_id=act.about.seller, outcome=outcome, reason=clear(reason, 500), details=dict(act.details),
        request=act.request[:64], network=act.network[:64],
    )  # fmt: skip
