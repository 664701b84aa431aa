"""States of the shared vocabulary (``status``) for objects other than orders, and for acts in the console."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from tradepost.market.applications.models import Sync, TenantBinding
from tradepost.market.approvals.models import Request
from tradepost.market.audit.models import Outcome
from tradepost.market.compute.models import OrphanServer, Server
from tradepost.market.debugging.debug_all import Progress
from tradepost.market.exports.models import Export
from tradepost.market.images.models import PeriodImage
from tradepost.market.organisations.models import ImportRun, PasswordFile
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.supervision.models import Supervision

type MarkedChoices = tuple[Iterable[tuple[str, str | Promise]], Mapping[str, tuple[str, str]]]
"""Choices, and the tone and icon of each."""

MORE_LIFECYCLES: Mapping[str, MarkedChoices] = {
    "debug all": (
        (
            (Progress.WAITING, pgettext_lazy("debug all", "Waiting")),
            (Progress.UNDER_WAY, pgettext_lazy("debug all", "Calling")),
            (Progress.PASSED, pgettext_lazy("debug all", "Succeeded")),
            (Progress.FAILED, pgettext_lazy("debug all", "Failed")),
            (Progress.REFUSED, pgettext_lazy("debug all", "Needs parameters")),
            (Progress.LEFT, pgettext_lazy("debug all", "Not debugged")),
        ),
        {
            Progress.WAITING: ("wait", "clock"),
            Progress.UNDER_WAY: ("info", "refresh"),
            Progress.PASSED: ("ok", "check"),
            Progress.FAILED: ("bad", "x"),
            Progress.REFUSED: ("warn", "alert-triangle"),
            Progress.LEFT: ("calm", "point"),
        },
    ),
    "export": (
        Export.Status.choices,
        {
            "waiting": ("info", "refresh"),
            "done": ("ok", "check"),
            "failed": ("bad", "x"),
            "cancelled": ("calm", "ban"),
        },
    ),
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
        {
            "done": ("ok", "check"),
            "shown": ("calm", "eye"),
            "asked": ("wait", "clock"),
            "refused": ("warn", "ban"),
            "failed": ("bad", "x"),
        },
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
    "withdrawal": (
        Withdrawal.Status.choices,
        {
            "requested": ("wait", "clock"),
            "approved": ("info", "check"),
            "paid": ("ok", "check"),
            "rejected": ("warn", "ban"),
            "withdrawn": ("calm", "arrow-back-up"),
            "returned": ("warn", "arrow-back-up"),
        },
    ),
    "approval": (
        Request.Status.choices,
        {
            "waiting": ("wait", "clock"),
            "approved": ("ok", "check"),
            "rejected": ("warn", "ban"),
            "withdrawn": ("calm", "arrow-back-up"),
            "expired": ("calm", "clock"),
        },
    ),
}
