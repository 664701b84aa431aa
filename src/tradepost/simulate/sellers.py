"""A seller's server in this process: the kit's own, with functions that keep what they were told, and moods that a fault sets."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import override

from tradepost.kit import Created, Instance, Reject, Seller, SQLiteStore
from tradepost.kit.answers import InstanceState
from tradepost.protocols.commands import (
    AppInfo,
    CheckChange,
    Create,
    GetLicenseAsync,
    Pending,
    Query,
    Refresh,
    Release,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.http import Request, Response

from .market import Company
from .plan import START

BUSY = "000005"


class SimulatedSeller(Seller):
    """What ``made`` counts no repeat may raise. ``mood``: what the next function says: "", "refuses" or "not yet"."""

    def __init__(self, company: Company, folder: Path) -> None:
        super().__init__(
            store=SQLiteStore(folder / f"{company.name}.db", durable=False),
            key=company.key,
            protocols=[company.protocol],
            patience=timedelta(0),
        )
        self.company = company
        self.made: Counter[tuple[str, str]] = Counter()
        """Instances by order and line."""
        self.instances: list[str] = []
        self.finishing: dict[str, datetime] = {}
        """What is being provisioned, and when it is done."""
        self.mood = ""
        self.now = START
        self.provisions_for = timedelta(0)
        """How long what is created next takes."""
        self.on_other(GetLicenseAsync, self._in_a_mood)

    def answer(self, request: Request, now: datetime, nonce: str) -> Response:
        self.now = now
        return self.respond(request, now, nonce)

    def find(self, instance_id: str) -> Instance | None:
        return self.store.find(instance_id)

    def finish_due(self, now: datetime) -> None:
        """Provisioning that takes its time ends."""
        for instance, at in list(self.finishing.items()):
            if at <= now:
                del self.finishing[instance]
                self.finish(instance, self._app(instance), license=f"license of {instance}")

    def unknown_to(self, known: set[str]) -> list[Instance]:
        """What is kept here and not among these."""
        kept = (self.find(one) for one in self.instances if one not in known)
        return [one for one in kept if one is not None and one.state is not InstanceState.RELEASED]

    def _in_a_mood(self, _command: object = None) -> Pending | None:
        mood, self.mood = self.mood, ""
        if mood == "refuses":
            raise Reject(BUSY, "not today")
        return Pending(message="not yet") if mood == "not yet" else None

    @override
    def on_create(self, command: Create) -> Created | Pending:
        self._in_a_mood()
        self.made[command.order_id, command.order_line_id] += 1
        self.instances.append(command.business_id)
        if self.provisions_for:
            self.finishing[command.business_id] = self.now + self.provisions_for
            return Pending()
        return Created(app=self._app(command.business_id), license=f"license of {command.business_id}")

    def _app(self, instance: str) -> AppInfo:
        return AppInfo(front_end_url=f"https://{self.company.name}.example/{instance}", user_name="user")

    @override
    def on_query(self, command: Query, instance: Instance) -> AppInfo:
        self._in_a_mood()
        return self._app(instance.instance_id)

    @override
    def on_refresh(self, command: Refresh, instance: Instance) -> Pending | None:
        return self._in_a_mood()

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> Pending | None:
        return self._in_a_mood()

    @override
    def on_release(self, command: Release, instance: Instance) -> Pending | None:
        return self._in_a_mood()

    @override
    def on_upgrade(self, command: Upgrade, instance: Instance) -> Pending | None:
        return self._in_a_mood()

    @override
    def on_check_change(self, command: CheckChange, instance: Instance) -> bool:
        mood, self.mood = self.mood, ""
        return not mood
