"""A seller's server in this process: the kit's own, with functions that record their calls, and moods that faults
set."""

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
from .plan import START_TIME

BUSY = "000005"


class SimulatedSeller(Seller):
    """``made`` counts creations, which repeats must not increase. ``mood``: result of the next function: "", "refuses"
    or "not yet"."""

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
        """Instances being provisioned, with their completion times."""
        self.mood = ""
        self.now = START_TIME
        self.provisions_for = timedelta(0)
        """Provisioning time of the next instance."""
        self.on_other(GetLicenseAsync, self._in_a_mood)

    def answer(self, request: Request, now: datetime, nonce: str) -> Response:
        self.now = now
        return self.respond(request, now, nonce)

    def find(self, instance_id: str) -> Instance | None:
        return self.store.find(instance_id)

    def finish_due(self, now: datetime) -> None:
        """Finish due provisioning."""
        for instance, moment in list(self.finishing.items()):
            if moment <= now:
                del self.finishing[instance]
                self.finish(instance, self._app(instance), license=f"license of {instance}")

    def unknown_to(self, known_ids: set[str]) -> list[Instance]:
        """Return the stored instances that are not among the known ones."""
        stored_instances = (self.find(instance_id) for instance_id in self.instances if instance_id not in known_ids)
        return [
            instance_id
            for instance_id in stored_instances
            if instance_id is not None and instance_id.state is not InstanceState.RELEASED
        ]

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
