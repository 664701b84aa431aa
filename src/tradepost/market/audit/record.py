"""Write an audit entry, in the caller's transaction. All entries are written here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from .details import clean_text
from .models import Entry, Outcome


class Subject(Struct, frozen=True, kw_only=True):
    """The object of an act. ``seller``: the owner of the object, if it belongs to one seller."""

    kind: str = ""
    id: str = ""
    text: str = ""
    seller: int | None = None


NO_SUBJECT = Subject()


class Act(Struct, frozen=True, kw_only=True):
    """An act to record: actor, object and origin. ``actor``: primary key of the account, or None for the command
    line."""

    name: str
    actor: int | None
    actor_text: str
    about: Subject = NO_SUBJECT
    details: Mapping[str, object] = field(default_factory=dict)
    request: str = ""
    network: str = ""


def record(act: Act, outcome: Outcome, *, now: datetime, reason: str = "") -> Entry:
    """Store the entry. ``reason``: why the act was refused. Long texts are shortened so that recording never fails."""
    return Entry.objects.create(
        at=now, actor_id=act.actor, actor_text=clean_text(act.actor_text, 254), act=act.name[:64],
        object_kind=act.about.kind[:32], object_id=clean_text(act.about.id, 64), object_text=clean_text(act.about.text, 200),
        seller_id=act.about.seller, outcome=outcome, reason=clean_text(reason, 500), details=dict(act.details),
        request=act.request[:64], network=act.network[:64],
    )  # fmt: skip
