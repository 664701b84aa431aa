"""Is this process alive, and is this market ready to serve? For load balancers, orchestrators and ``doctor``."""

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

SEEN_WITHIN = timedelta(seconds=15)
"""Real time in which a living worker writes that it lives."""
LEAST_ROOM = 10_000_000
"""Bytes that an embedded database needs to go on for a while."""

# Neither changes under a running process, and each check costs 50 ms. Once it passed, it is not repeated.
_applied_once = _as_expected_once = False


class Probes:
    """Answers ``/healthz`` and ``/readyz`` before anything else has a say.

    A probe comes by the address of a machine, which is none of the hosts that the market answers, and it must cost
    neither a session nor, for ``/healthz``, the database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        match request.path:
            case "/healthz":
                return _answer(JsonResponse({"status": "ok", "version": __version__}))
            case "/readyz":
                readiness = ready()
                status = HTTPStatus.OK if readiness.ready else HTTPStatus.SERVICE_UNAVAILABLE
                return _answer(JsonResponse(readiness.facts(), status=status))
        return self.get_response(request)


def _answer(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


class Readiness(Struct, frozen=True):
    """``workers`` are those alive, or None when that is unknown. A web process serves without one, so it is told only."""

    reasons: tuple[str, ...]
    workers: int | None

    @property
    def ready(self) -> bool:
        return not self.reasons

    def facts(self) -> dict[str, object]:
        return {"ready": self.ready, "reasons": list(self.reasons), "workers": self.workers, "version": __version__}


def ready() -> Readiness:
    try:
        if not writable():
            return Readiness((ONLY_READS,), None)
        migrations = start_checks.newer_problem() or start_checks.older_problem(missing_migrations())
        if migrations is not None:
            return Readiness((migrations.public,), None)
        if different := different_schema():
            return Readiness((DIFFERENT, *different), None)
        if problems := start_checks.market_problems(config(), market_identity.identity()):
            return Readiness(tuple(problem.public for problem in problems), None)
        if no_room():
            return Readiness(("the disk is full",), living_workers())
        return Readiness((), living_workers())
    except Error as fault:
        # The probe is open to everybody: what the driver says may name hosts and users, so it goes to the log.
        log.warning("not ready", fault=str(fault))
        return Readiness(("the database cannot be reached",), None)


DIFFERENT = "all migrations are applied and yet the database is not what this version expects: run tradepost doctor"
ONLY_READS = "the database only reads for now"


def writable() -> bool:
    """Whether the database takes changes: a PostgreSQL that fails over, or whose disk is full, may only read."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        return bool(cursor.fetchone()[0] == "off")


def no_room() -> bool:
    """Whether the disk of an embedded database is full: pages that read still come, and nobody can order."""
    return connection.vendor == "sqlite" and shutil.disk_usage(config().data).free < LEAST_ROOM


def missing_migrations() -> int:
    """How many migrations of this version the database lacks."""
    global _applied_once  # noqa: PLW0603
    if _applied_once:
        return 0
    missing = len(migration_state.unapplied())
    _applied_once = missing == 0
    return missing


def different_schema() -> list[str]:
    """What the database has otherwise than this version's models, in words."""
    global _as_expected_once  # noqa: PLW0603
    if _as_expected_once:
        return []
    different = schema_check.differences()
    _as_expected_once = not different
    return different


def living_workers() -> int:
    return WorkerProcess.objects.filter(seen_at__gte=clock.wall() - SEEN_WITHIN).count()
