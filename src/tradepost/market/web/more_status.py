"""More of the one vocabulary of states (``status``): of what stands beside orders, and what was done in the console."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise

from tradepost.market.applications.models import Sync, TenantBinding
from tradepost.market.audit.models import Outcome
from tradepost.market.compute.models import OrphanServer, Server
from tradepost.market.images.models import PeriodImage
from tradepost.market.organisations.models import ImportRun, PasswordFile
from tradepost.market.supervision.models import Supervision

type Marked = tuple[Iterable[tuple[str, str | Promise]], Mapping[str, tuple[str, str]]]
"""Choices, and of each its tone and icon."""

MORE: Mapping[str, Marked] = {
    "orphan": (
        OrphanServer.Status.choices,
        {
            "found": ("warn", "alert-triangle"),
            "kept": ("calm", "eye"),
            "deleting": ("info", "refresh"),
            "released": ("ok", "check"),
            "settled": ("ok", "check"),
        },
    ),
    "audit": (
        Outcome.choices,
        {"done": ("ok", "check"), "shown": ("calm", "eye"), "refused": ("warn", "ban"), "failed": ("bad", "x")},
    ),
    "supervision": (
        Supervision.Status.choices,
        {
            "running": ("info", "truck-delivery"),
            "appealed": ("warn", "alert-circle"),
            "accepted": ("info", "refresh"),
            "completed": ("ok", "check"),
            "refunded": ("calm", "arrows-exchange"),
        },
    ),
    "tenant binding": (
        TenantBinding.Status.choices,
        {
            "binding": ("info", "refresh"),
            "stopped": ("bad", "player-pause"),
            "bound": ("ok", "check"),
            "unbinding": ("wait", "clock"),
            "unbound": ("calm", "ban"),
        },
    ),
    "sync": (
        Sync.Status.choices,
        {
            "running": ("info", "refresh"),
            "waiting": ("warn", "clock"),
            "stopped": ("bad", "player-pause"),
            "done": ("ok", "check"),
            "dropped": ("calm", "ban"),
        },
    ),
    "password file": (
        PasswordFile.Status.choices,
        {
            "making": ("info", "refresh"),
            "ready": ("ok", "check"),
            "stopped": ("bad", "player-pause"),
            "deleted": ("calm", "ban"),
        },
    ),
    "import": (
        ImportRun.Status.choices,
        {
            "checking": ("info", "refresh"),
            "checked": ("info", "list-check"),
            "unreadable": ("bad", "x"),
            "importing": ("info", "refresh"),
            "done": ("ok", "check"),
            "stopped": ("calm", "ban"),
        },
    ),
    "server": (
        Server.Status.choices,
        {
            "creating": ("info", "refresh"),
            "running": ("ok", "check"),
            "broken": ("bad", "alert-triangle"),
            "stopped": ("calm", "player-pause"),
            "released": ("calm", "ban"),
            "failed": ("bad", "x"),
        },
    ),
    "period image": (
        PeriodImage.Status.choices,
        {
            "bound": ("ok", "check"),
            "idle": ("warn", "player-pause"),
            "expired": ("calm", "clock"),
            "refunded": ("calm", "arrow-back-up"),
        },
    ),
}
