"""Period images that wait to be bound again, and what the cloud did not do for servers that no service is on."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as plain
from django.utils.translation import gettext_lazy as _

from tradepost.market.compute.models import OrphanServer, Task
from tradepost.market.compute.orphans import orphans
from tradepost.market.compute.tasks import WORDS
from tradepost.market.images.models import PeriodImage
from tradepost.market.images.operator_queries import given_up, idle_images
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class IdleImages:
    name = "idle_images"
    title = _("Idle period images")

    def list_url(self) -> str:
        return reverse("console:images")

    def rows(self) -> QuerySet[PeriodImage]:
        return idle_images()

    def entries(self, rows: Sequence[PeriodImage], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: PeriodImage, clock: Clock) -> Entry:
        since = one.idle_since or one.service.created_at
        return Entry(
            key=key_of(self.name, one.pk), title=_("Period image that covers no server"),
            about=f"{one.service.buyer} · {one.service.product.name}", url=reverse("console:image", args=[one.pk]),
            since=since, due_at=clock.due(since),
            facts=(
                (_("Buyer"), str(one.service.buyer)), (_("Idle since"), since),
                (_("Paid until"), one.service.expires_at or "–"),
            ),
        )  # fmt: skip


class ServerTasks:
    name = "server_tasks"
    title = _("Servers that the cloud did not change")

    def list_url(self) -> str:
        return reverse("console:servers")

    def rows(self) -> QuerySet[Task]:
        return given_up()

    def entries(self, rows: Sequence[Task], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: Task, clock: Clock) -> Entry:
        since = one.ended_at or one.created_at
        return Entry(
            key=key_of(self.name, one.pk), title=_("The cloud did not do what a server needs"),
            about=f"{one.server.name} · {one.server.buyer}", url=reverse("console:server", args=[one.server_id]),
            since=since, due_at=clock.due(since), severity=Severity.HIGH,
            facts=((_("Server"), one.server.name), (_("Asked for"), plain(WORDS[one.action])), (_("The cloud said"), one.error)),
        )  # fmt: skip


class OrphanServers:
    name = "orphan_servers"
    title = _("Servers in the cloud without an order")

    def list_url(self) -> str:
        return reverse("console:orphans")

    def rows(self) -> QuerySet[OrphanServer]:
        """Those to decide about, and those that the cloud did not delete."""
        undecided, refused = Q(status=OrphanServer.Status.FOUND), Q(status=OrphanServer.Status.RELEASING) & ~Q(error="")
        return orphans().filter(undecided | refused).order_by("pk")

    def entries(self, rows: Sequence[OrphanServer], clock: Clock) -> list[Entry]:
        return [self._entry(orphan, clock) for orphan in rows]

    def _entry(self, orphan: OrphanServer, clock: Clock) -> Entry:
        facts = [(_("Server"), orphan.provider_id), (_("Order"), orphan.order or "–"), (_("Cloud"), orphan.cloud)]
        return Entry(
            key=key_of(self.name, orphan.pk), title=_("Server in the cloud without an order"), about=str(orphan),
            url=reverse("console:orphans"), since=orphan.found_at, due_at=clock.due(orphan.found_at),
            facts=(*facts, *([(_("The cloud said"), orphan.error)] if orphan.error else [])),
        )  # fmt: skip


SOURCES = (IdleImages(), ServerTasks(), OrphanServers())
