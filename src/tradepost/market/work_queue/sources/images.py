"""Idle period images, failed cloud tasks and orphan servers."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as plain
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.compute.models import OrphanServer, Server, Task
from tradepost.market.compute.orphans import orphans
from tradepost.market.compute.tasks import PROGRESS_MESSAGES
from tradepost.market.images.models import PeriodImage
from tradepost.market.images.operator_queries import failed_tasks, idle_images, unknown_servers
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class IdleImages:
    name = "idle_images"
    title = _("Idle period images")

    def list_url(self) -> str:
        return reverse("console:images")

    def rows(self) -> QuerySet[PeriodImage]:
        return idle_images()

    def entries(self, rows: Sequence[PeriodImage], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: PeriodImage, clock: Clock) -> Entry:
        since = row.idle_since or row.service.created_at
        return Entry(
            key=key_of(self.name, row.pk), title=_("Period image that covers no server"),
            about=f"{row.service.buyer} · {row.service.product.name}", url=reverse("console:image", args=[row.pk]),
            since=since, due_at=clock.due(since),
            facts=(
                (_("Buyer"), str(row.service.buyer)), (_("Idle since"), since),
                (_("Paid until"), row.service.expires_at or "–"),
            ),
        )  # fmt: skip


class ServerTasks:
    name = "server_tasks"
    title = _("Servers that the cloud did not change")

    def list_url(self) -> str:
        return reverse("console:servers")

    def rows(self) -> QuerySet[Task]:
        return failed_tasks()

    def entries(self, rows: Sequence[Task], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Task, clock: Clock) -> Entry:
        since = row.ended_at or row.created_at
        return Entry(
            key=key_of(self.name, row.pk), title=_("The cloud did not do what a server needs"),
            about=f"{row.server.name} · {row.server.buyer}", url=reverse("console:server", args=[row.server_id]),
            since=since, due_at=clock.due(since), severity=Severity.HIGH,
            facts=((_("Server"), row.server.name), (pgettext_lazy("cloud", "Request made"), plain(PROGRESS_MESSAGES[row.action])), (_("The cloud said"), row.error)),
        )  # fmt: skip


class UnknownServers:
    name = "unknown_servers"
    title = _("Servers that the cloud does not know")

    def list_url(self) -> str:
        return reverse("console:servers")

    def rows(self) -> QuerySet[Server]:
        return unknown_servers()

    def entries(self, rows: Sequence[Server], clock: Clock) -> list[Entry]:
        return [self._entry(server, clock) for server in rows]

    def _entry(self, server: Server, clock: Clock) -> Entry:
        since = server.unknown_since or server.created_at
        return Entry(
            key=key_of(self.name, server.pk), title=_("The cloud does not know a server"),
            about=f"{server.name} · {server.buyer}", url=reverse("console:server", args=[server.pk]),
            since=since, due_at=clock.due(since), severity=Severity.HIGH,
            facts=(
                (_("Server"), server.name), (_("Created in"), server.place or "–"),
                (_("Looked for in"), server.unknown_in), (_("Unknown since"), since),
            ),
        )  # fmt: skip


class OrphanServers:
    name = "orphan_servers"
    title = _("Servers in the cloud without an order")

    def list_url(self) -> str:
        return reverse("console:orphans")

    def rows(self) -> QuerySet[OrphanServer]:
        """Orphans without a decision, and those whose deletion failed."""
        is_undecided, is_refused = (
            Q(status=OrphanServer.Status.FOUND),
            Q(status=OrphanServer.Status.RELEASING) & ~Q(error=""),
        )
        return orphans().filter(is_undecided | is_refused).order_by("pk")

    def entries(self, rows: Sequence[OrphanServer], clock: Clock) -> list[Entry]:
        return [self._entry(orphan, clock) for orphan in rows]

    def _entry(self, orphan: OrphanServer, clock: Clock) -> Entry:
        facts = [(_("Server"), orphan.provider_id), (_("Order"), orphan.order or "–"), (_("Cloud"), orphan.cloud)]
        return Entry(
            key=key_of(self.name, orphan.pk), title=_("Server in the cloud without an order"), about=str(orphan),
            url=reverse("console:orphans"), since=orphan.found_at, due_at=clock.due(orphan.found_at),
            facts=(*facts, *([(_("The cloud said"), orphan.error)] if orphan.error else [])),
        )  # fmt: skip


SOURCES = (IdleImages(), ServerTasks(), UnknownServers(), OrphanServers())
