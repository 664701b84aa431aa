"""Liveness and readiness of this process, for load balancers, orchestrators and ``doctor``."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import structlog
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from msgspec import Struct

from tradepost import __version__
from tradepost.market.base import clock, market_identity, migration_state, schema_check
from tradepost.market.base.config import config
from tradepost.market.base.models import WorkerProcess

from . import start_checks

log = structlog.get_logger(__name__)

WORKER_TIMEOUT = timedelta(seconds=15)
"""Real time within which a living worker updates its row."""
MIN_FREE_BYTES = 10_000_000
"""Minimum free disk space in bytes for an embedded database."""

# Neither changes while a process runs, and each check costs 50 ms, so a passed check is not repeated.
_applied_once = _as_expected_once = False


class Probes:
    """Middleware that answers ``/healthz`` and ``/readyz`` before all others.

    A probe uses the address of a machine, which is not an allowed host. It must not cost a session or, for
    ``/healthz``, a database query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        match request.path:
            case "/healthz":
                return _answer(JsonResponse({"status": "ok", "version": __version__}))
            case "/readyz":
                readiness = check_readiness()
                status = HTTPStatus.OK if readiness.ready else HTTPStatus.SERVICE_UNAVAILABLE
                return _answer(JsonResponse(readiness.facts(), status=status))
        return self.get_response(request)


def _answer(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


class Readiness(Struct, frozen=True):
    """Result of the readiness check. ``workers``: number of living workers, or None if unknown; information only,
    because a web process serves without one."""

    reasons: tuple[str, ...]
    workers: int | None

    @property
    def ready(self) -> bool:
        return not self.reasons

    def facts(self) -> dict[str, object]:
        return {"ready": self.ready, "reasons": list(self.reasons), "workers": self.workers, "version": __version__}


def check_readiness() -> Readiness:
    try:
        if not is_writable():
            return Readiness((READ_ONLY,), None)
        migrations = start_checks.newer_problem() or start_checks.older_problem(count_missing_migrations())
        if migrations is not None:
            return Readiness((migrations.public,), None)
        if differences := schema_differences():
            return Readiness((SCHEMA_DIFFERS, *differences), None)
        if problems := start_checks.market_problems(config(), market_identity.identity()):
            return Readiness(tuple(problem.public for problem in problems), None)
        if is_disk_full():
            return Readiness(("the disk is full",), count_live_workers())
        return Readiness((), count_live_workers())
    except Error as fault:
        # The probe is public, and the driver's message may name hosts and users, so it goes to the log.
        log.warning("not ready", fault=str(fault))
        return Readiness(("the database cannot be reached",), None)


SCHEMA_DIFFERS = (
    "all migrations are applied and yet the database is not what this version expects: run tradepost doctor"
)
READ_ONLY = "the database only reads for now"


def is_writable() -> bool:
    """Return whether the database accepts writes. PostgreSQL may be read-only during a failover or with a full disk."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        return bool(cursor.fetchone()[0] == "off")


def is_disk_full() -> bool:
    """Return whether the disk of an embedded database is full. Pages can still be read, but nothing can be ordered."""
    return connection.vendor == "sqlite" and shutil.disk_usage(config().data).free < MIN_FREE_BYTES


def count_missing_migrations() -> int:
    """Return how many migrations of this version the database lacks."""
    global _applied_once  # noqa: PLW0603
    if _applied_once:
        return 0
    missing = len(migration_state.pending_migrations())
    _applied_once = missing == 0
    return missing


def schema_differences() -> list[str]:
    """Return the differences between the database and this version's models, as messages."""
    global _as_expected_once  # noqa: PLW0603
    if _as_expected_once:
        return []
    differences = schema_check.differences()
    _as_expected_once = not differences
    return differences


def count_live_workers() -> int:
    return WorkerProcess.objects.filter(seen_at__gte=clock.wall() - WORKER_TIMEOUT).count()
