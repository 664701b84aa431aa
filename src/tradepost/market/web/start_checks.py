"""Conditions for a market to serve, call sellers or send mail. ``serve``, ``worker`` and ``up`` check them at start.

``/readyz`` and ``tradepost doctor`` call the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from msgspec import Struct

from tradepost.market.base import files_marker, market_identity, migration_state, sealed_rows
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.file_check import FileCheck, check_files
from tradepost.market.base.models import MarketIdentity
from tradepost.market.compute.registry import cloud
from tradepost.market.identity import first_start

_begun = False
SAMPLE_SIZE = 3
"""Number of sealed texts at either end of each table that are opened at start."""


class Problem(Struct, frozen=True):
    """Why a market must not run. ``public``: shown by ``/readyz``; ``words``: for operators, with the remedy."""

    code: str
    public: str
    words: str


def newer_problem() -> Problem | None:
    """Return a problem if a later version migrated the database. One short query."""
    unknown = migration_state.unknown_migrations()
    if not unknown:
        return None
    return Problem(
        "market.newer_database",
        "a later version migrated the database: upgrade Tradepost",
        f"A later version of Tradepost migrated this database: {unknown[-1]} is unknown to this version. Upgrade Tradepost, "
        "or put back the backup that was made before the upgrade.",
    )


def older_problem(missing: int) -> Problem | None:
    """Return a problem if migrations are missing. ``missing``: how many."""
    if not missing:
        return None
    return Problem(
        "market.migrations",
        f"{missing} migrations are not applied: run tradepost migrate",
        f"{missing} migrations are not applied to the database. Run: tradepost migrate",
    )


def market_problems(config: Config, identity: MarketIdentity | None) -> list[Problem]:
    """Return the problems of a migrated market: mode, secret key, files folder, cloud. Changes nothing."""
    problems = (
        mode_problem(config, identity),
        key_problem(identity),
        folder_problem(config, identity, FileCheck),
        cloud_problem(config),
    )
    return [problem for problem in problems if problem is not None]


def cloud_problem(config: Config) -> Problem | None:
    """Return a problem if the cloud adapter is missing or its cloud file is invalid. Calls no cloud."""
    if not config.cloud_name:
        return None
    try:
        cloud(config.cloud_name)
    except LookupError as fault:
        return Problem("market.cloud", "the cloud is not configured correctly: run tradepost doctor", f"{fault}")
    return None


def mode_problem(config: Config, identity: MarketIdentity | None) -> Problem | None:
    words = market_identity.start_conflict(identity, sandbox=config.sandbox)
    public = "the database belongs to a market of the other mode: run tradepost doctor"
    return Problem("market.other_mode", public, words) if words else None


def key_problem(identity: MarketIdentity | None) -> Problem | None:
    """Return a problem if the secret key differs from the one that the market last ran with."""
    if identity is None or sealed_rows.newest_opens(identity):
        return None
    return _key_problem("The secret key is not the one that this market ran with last.")


def _key_problem(sentence: str) -> Problem:
    return Problem(
        "market.secret_key",
        "the secret key is not that of this market: run tradepost doctor",
        f"{sentence} {sealed_rows.REMEDY}",
    )


def sealed_problem(identity: MarketIdentity | None) -> Problem | None:
    """Return a problem if sealed data cannot be opened: a sample, or all of it if an earlier key is missing."""
    if (problem := key_problem(identity)) is not None:
        return problem
    check = sealed_rows.try_open(most=SAMPLE_SIZE)
    if check.closed:
        return _key_problem(
            f"Sealed data of this market cannot be opened ({check.closed} of {check.all} tried): it was sealed with another "
            "secret key."
        )
    if (
        identity is not None
        and len(sealed_rows.open_checks(identity)) < len(identity.key_checks)
        and sealed_rows.has_unreadable()
    ):
        return _key_problem("Some sealed data of this market cannot be opened: an earlier secret key is missing.")
    return None


def folder_problem(config: Config, identity: MarketIdentity | None, check: Callable[[], FileCheck]) -> Problem | None:
    """Return a problem if the files folder belongs to another market. ``check``: looks for all files before a folder is
    marked."""
    public = "the files folder is not that of this market: run tradepost doctor"
    try:
        words = files_marker.problem(config.files, files_marker.folder_state(config.files, identity), check)
    except OSError as fault:
        words = f"The files folder {config.files.absolute()} cannot be read ({fault.strerror}). Give this user the right to read it."
    return Problem("market.files", public, words) if words else None


def begin(config: Config, *, now: datetime) -> None:
    """Check everything before a market runs, then store what the first start sets: mode, id, key check, marker.

    Raises ``Refused`` with the first problem; then nothing was changed.
    """
    refuse([newer_problem()])
    market_identity.check_mode(market_identity.identity_if_any(), sandbox=config.sandbox)
    refuse([older_problem(len(migration_state.pending_migrations()))])
    identity = market_identity.identity()
    refuse([mode_problem(config, identity)])
    refuse(
        [
            sealed_problem(identity),
            folder_problem(config, identity, lambda: check_files(config.files)),
            cloud_problem(config),
        ]
    )
    with transaction.atomic():
        identity = first_start.ensure_identity(sandbox=config.sandbox, now=now)
        _store_key_check(identity)
        _claim_folder(config, identity)
    refuse([folder_problem(config, identity, FileCheck)])  # another machine may have started first, with another folder
    global _begun  # noqa: PLW0603
    _begun = True


def _claim_folder(config: Config, identity: MarketIdentity) -> None:
    try:
        files_marker.claim(config.files, identity)
    except OSError as fault:
        words = f"The files folder {config.files.absolute()} cannot be written to ({fault.strerror}). Let this user write there."
        refuse([Problem("market.files", "the files folder cannot be written to: run tradepost doctor", words)])


def has_begun() -> bool:
    """Return whether the checks passed in this process, or in its parent before a fork."""
    return _begun


def _store_key_check(identity: MarketIdentity) -> None:
    if list(sealed_rows.checks_after(identity)) == identity.key_checks:
        return
    with transaction.atomic():
        row = MarketIdentity.objects.select_for_update().get(pk=identity.pk)
        if not sealed_rows.newest_opens(row):  # another process has started meanwhile, with another key
            refuse([_key_problem("Another process of this market was started with another secret key.")])
        row.key_checks = list(sealed_rows.checks_after(row))
        row.save(update_fields=["key_checks"])


def refuse(problems: Sequence[Problem | None]) -> None:
    """Raise ``Refused`` for the first problem, if any."""
    for problem in problems:
        if problem is not None:
            raise Refused(problem.code, problem.words)
