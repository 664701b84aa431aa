"""What must be true before a market serves, calls sellers or sends mail; ``serve``, ``worker`` and ``up`` check it at their start.

``/readyz`` and ``tradepost doctor`` ask the same functions again.
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

_begun = False
SAMPLE = 3
"""Sealed texts of either end of each table that are opened at a start."""


class Problem(Struct, frozen=True):
    """Why a market must not run. ``public``: for everybody who asks ``/readyz``; ``words``: for operators, with what to do."""

    code: str
    public: str
    words: str


def newer_problem() -> Problem | None:
    """Whether a later version migrated the database. One short query."""
    unknown = migration_state.unknown()
    if not unknown:
        return None
    return Problem(
        "market.newer_database",
        "a later version migrated the database: upgrade Tradepost",
        f"A later version of Tradepost migrated this database: {unknown[-1]} is unknown to this version. Upgrade Tradepost, "
        "or put back the backup that was made before the upgrade.",
    )


def older_problem(missing: int) -> Problem | None:
    """``missing``: how many migrations of this version the database lacks."""
    if not missing:
        return None
    return Problem(
        "market.migrations",
        f"{missing} migrations are not applied: run tradepost migrate",
        f"{missing} migrations are not applied to the database. Run: tradepost migrate",
    )


def market_problems(config: Config, known: MarketIdentity | None) -> list[Problem]:
    """Of a market whose tables are those of this version: its mode, its secret key, its files folder, its cloud. Changes nothing."""
    found = (
        mode_problem(config, known),
        key_problem(known),
        folder_problem(config, known, FileCheck),
        cloud_problem(config),
    )
    return [problem for problem in found if problem is not None]


def cloud_problem(config: Config) -> Problem | None:
    """Whether the cloud adapter is installed and its cloud file can be read. Asks no cloud."""
    if not config.cloud_name:
        return None
    try:
        cloud(config.cloud_name)
    except LookupError as fault:
        return Problem("market.cloud", "the cloud is not configured correctly: run tradepost doctor", f"{fault}")
    return None


def mode_problem(config: Config, known: MarketIdentity | None) -> Problem | None:
    words = market_identity.wrong_mode(known, sandbox=config.sandbox)
    public = "the database belongs to a market of the other mode: run tradepost doctor"
    return Problem("market.other_mode", public, words) if words else None


def key_problem(known: MarketIdentity | None) -> Problem | None:
    """Whether the key is another one than the market ran with last."""
    if known is None or sealed_rows.newest_opens(known):
        return None
    return _closed("The secret key is not the one that this market ran with last.")


def _closed(what: str) -> Problem:
    return Problem(
        "market.secret_key",
        "the secret key is not that of this market: run tradepost doctor",
        f"{what} {sealed_rows.REMEDY}",
    )


def sealed_problem(known: MarketIdentity | None) -> Problem | None:
    """The same by what is sealed in the market: a sample, or all of it when a key that the market ran with is gone."""
    if (problem := key_problem(known)) is not None:
        return problem
    tried = sealed_rows.try_open(most=SAMPLE)
    if tried.closed:
        return _closed(
            f"Sealed data of this market cannot be opened ({tried.closed} of {tried.all} tried): it was sealed with another "
            "secret key."
        )
    if known is not None and len(sealed_rows.open_checks(known)) < len(known.key_checks) and sealed_rows.any_closed():
        return _closed("Some sealed data of this market cannot be opened: an earlier secret key is missing.")
    return None


def folder_problem(config: Config, known: MarketIdentity | None, check: Callable[[], FileCheck]) -> Problem | None:
    """Whether the files folder is that of this market. ``check``: looks for all files, before a folder is marked."""
    public = "the files folder is not that of this market: run tradepost doctor"
    try:
        words = files_marker.problem(config.files, files_marker.folder_state(config.files, known), check)
    except OSError as fault:
        words = f"The files folder {config.files.absolute()} cannot be read ({fault.strerror}). Give this user the right to read it."
    return Problem("market.files", public, words) if words else None


def begin(config: Config, *, now: datetime) -> None:
    """Check everything before a market runs, then store what only the first start stores: mode, id, key check, marker.

    Raises ``Refused`` with the first reason; then nothing was changed.
    """
    refuse([newer_problem()])
    market_identity.must_be_mode(market_identity.identity_if_any(), sandbox=config.sandbox)
    refuse([older_problem(len(migration_state.unapplied()))])
    known = market_identity.identity()
    refuse([mode_problem(config, known)])
    refuse(
        [sealed_problem(known), folder_problem(config, known, lambda: check_files(config.files)), cloud_problem(config)]
    )
    with transaction.atomic():
        known = market_identity.remember(sandbox=config.sandbox, now=now)
        _store_key_check(known)
        _claim_folder(config, known)
    refuse([folder_problem(config, known, FileCheck)])  # another machine was first, with another folder
    global _begun  # noqa: PLW0603
    _begun = True


def _claim_folder(config: Config, known: MarketIdentity) -> None:
    try:
        files_marker.claim(config.files, known)
    except OSError as fault:
        words = f"The files folder {config.files.absolute()} cannot be written to ({fault.strerror}). Let this user write there."
        refuse([Problem("market.files", "the files folder cannot be written to: run tradepost doctor", words)])


def has_begun() -> bool:
    """Whether the checks passed in this process, or in the one that it was forked from."""
    return _begun


def _store_key_check(known: MarketIdentity) -> None:
    if list(sealed_rows.checks_after(known)) == known.key_checks:
        return
    with transaction.atomic():
        row = MarketIdentity.objects.select_for_update().get(pk=known.pk)
        if not sealed_rows.newest_opens(row):  # another process began meanwhile, with another key
            refuse([_closed("Another process of this market was started with another secret key.")])
        row.key_checks = list(sealed_rows.checks_after(row))
        row.save(update_fields=["key_checks"])


def refuse(problems: Sequence[Problem | None]) -> None:
    """Raise ``Refused`` for the first of them, if there is one."""
    for problem in problems:
        if problem is not None:
            raise Refused(problem.code, problem.words)
